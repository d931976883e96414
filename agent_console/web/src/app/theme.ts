/** The look: calm, dense, one accent; colours that keep 4.5:1 on their backgrounds. */
import type { ThemeConfig } from 'antd';

export const FONT =
  '-apple-system, BlinkMacSystemFont, "Segoe UI", "Helvetica Neue", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif';

export const theme: ThemeConfig = {
  token: {
    colorPrimary: '#0b5c7d',
    colorInfo: '#0b5c7d',
    colorLink: '#0b5c7d',
    colorSuccess: '#1b7a43',
    colorWarning: '#9a5b00',
    colorError: '#b3261e',
    colorText: '#16242c',
    colorTextSecondary: '#4a5b65',
    colorTextTertiary: '#5d6e78',
    colorTextPlaceholder: '#6b7a83',
    colorBgLayout: '#eef2f4',
    colorBorder: '#c3ced4',
    colorBorderSecondary: '#dde5e9',
    borderRadius: 6,
    fontSize: 14,
    fontFamily: FONT,
    motionDurationMid: '0.12s',
    motionDurationSlow: '0.16s',
  },
  components: {
    Table: { cellPaddingBlockSM: 6, cellPaddingInlineSM: 10, headerBg: '#f5f8f9', headerColor: '#4a5b65' },
    Form: { itemMarginBottom: 12, verticalLabelPadding: '0 0 2px' },
    Alert: { defaultPadding: '8px 12px' },
  },
};

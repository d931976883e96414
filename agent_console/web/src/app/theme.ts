/** The look: calm, dense, one accent; colours that keep 4.5:1 on their backgrounds. */
import type { ThemeConfig } from 'antd';
import type { Language } from '../format';

const LATIN =
  '-apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial';
const CJK =
  '"PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC"';

/** Chinese takes its quotes and dashes from a Chinese font, English from a Latin one: they differ in width. */
export const fontOf = (language: Language): string =>
  language === 'zh' ? `${CJK}, ${LATIN}, sans-serif` : `${LATIN}, ${CJK}, sans-serif`;

export const themeOf = (language: Language): ThemeConfig => ({
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
    fontFamily: fontOf(language),
    colorWarningBg: '#fdf3e0',
    colorWarningBorder: '#ecd4a6',
    colorErrorBg: '#fdeceb',
    colorErrorBorder: '#f0c0bc',
    colorInfoBg: '#e8f2f6',
    colorInfoBorder: '#bcd8e3',
    controlItemBgActive: '#e1eef3',
    controlItemBgActiveHover: '#d3e6ee',
    motionDurationMid: '0.12s',
    motionDurationSlow: '0.16s',
  },
  components: {
    Table: { cellPaddingBlockSM: 6, cellPaddingInlineSM: 10, headerBg: '#f5f8f9', headerColor: '#4a5b65' },
    Form: { itemMarginBottom: 12, verticalLabelPadding: '0 0 2px' },
    Alert: { defaultPadding: '8px 12px', withDescriptionPadding: '10px 14px', withDescriptionIconSize: 18 },
  },
});

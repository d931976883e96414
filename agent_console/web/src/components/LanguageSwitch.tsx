/** The language switch: both names always readable, each in its own language. */
import { Segmented } from 'antd';
import { useTranslation } from 'react-i18next';
import { useLanguage } from '../app/site';
import type { Language } from '../format';
import { chooseLanguage } from '../i18n';

export function LanguageSwitch() {
  const { t } = useTranslation();
  const language = useLanguage();
  return (
    <Segmented<Language>
      data-testid="lang-switch"
      aria-label={t('app.language')}
      size="small"
      value={language}
      onChange={chosen => void chooseLanguage(chosen)}
      options={[
        {
          value: 'zh',
          label: (
            <span lang="zh-CN" data-testid="lang-zh">
              中文
            </span>
          ),
        },
        {
          value: 'en',
          label: (
            <span lang="en" data-testid="lang-en">
              EN
            </span>
          ),
        },
      ]}
    />
  );
}

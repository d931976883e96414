/** A length of time in words: `3 d`, `5 h`, `12 min` — `3 天`, `5 小时`, `12 分钟`. */
import { useTranslation } from 'react-i18next';

export function useAge(): (seconds: number) => string {
  const { t } = useTranslation();
  return seconds => {
    if (seconds >= 2 * 86_400) return t('age.days', { n: Math.floor(seconds / 86_400) });
    if (seconds >= 2 * 3_600) return t('age.hours', { n: Math.floor(seconds / 3_600) });
    return t('age.minutes', { n: Math.max(1, Math.floor(seconds / 60)) });
  };
}

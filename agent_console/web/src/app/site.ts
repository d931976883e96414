/** Whose hotline this is, and the time zone of every clock. Asked for once; the screens work before the answer too. */
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import * as api from '../api/endpoints';
import { type Language, Times } from '../format';
import type { SiteView } from '../wire';

const UNKNOWN: SiteView = {
  name_zh: '',
  name_en: '',
  hotline: '',
  timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  demo_phone: true,
  replay: null,
};

export function useSite(): SiteView {
  const { data } = useQuery({ queryKey: ['site'], queryFn: api.site, staleTime: Number.POSITIVE_INFINITY });
  return data ?? UNKNOWN;
}

export function useLanguage(): Language {
  return useTranslation().i18n.language === 'zh' ? 'zh' : 'en';
}

export function useTimes(): Times {
  const language = useLanguage();
  const { timezone } = useSite();
  return useMemo(() => new Times(language, timezone), [language, timezone]);
}

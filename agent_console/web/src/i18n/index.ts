/** Which language the screens speak: chosen once, remembered, and told to the document, antd and every formatter. */
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import type { Language } from '../format';
import { en } from './en';
import { zh } from './zh';

const REMEMBERED = 'hydrophone.language';

export function firstLanguage(remembered: string | null, wanted: readonly string[]): Language {
  if (remembered === 'zh' || remembered === 'en') return remembered;
  return wanted.some(language => language.toLowerCase().startsWith('zh')) ? 'zh' : 'en';
}

function remembered(): string | null {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null;
  }
}

function tellDocument(language: string): void {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
}

export async function startI18n(): Promise<void> {
  const language = firstLanguage(remembered(), navigator.languages);
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: 'en',
    resources: { en: { translation: en }, zh: { translation: zh } },
    // React escapes what it renders; escaping twice would show &amp; to people.
    interpolation: { escapeValue: false },
  });
  tellDocument(language);
}

export async function chooseLanguage(language: Language): Promise<void> {
  await i18next.changeLanguage(language);
  tellDocument(language);
  try {
    localStorage.setItem(REMEMBERED, language);
  } catch {
    // A browser that stores nothing still switches; it only won't remember.
  }
}

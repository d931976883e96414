import 'i18next';
import type { en } from './en';

/** Steps and ways are looked up by ids of flows, through useName; hundreds of them as types would slow the compiler. */
type Typed = Omit<typeof en, 'step' | 'way'>;

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: Typed };
    returnNull: false;
  }
}

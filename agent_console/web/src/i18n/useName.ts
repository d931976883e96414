/** Names for ids that a site may add to: a step of its own menu, a payment channel. What no dictionary knows stays as it is. */
import { useTranslation } from 'react-i18next';

export type Named = 'step' | 'way' | 'channel' | 'subcategory';

export function useName(): (kind: Named, id: string) => string {
  const { t, i18n } = useTranslation();
  // An id is the site's or the caller's text: only a plain word is looked up.
  return (kind, id) => (/^\w+$/.test(id) && i18n.exists(`${kind}.${id}`) ? t(`${kind}.${id}` as never) : id);
}

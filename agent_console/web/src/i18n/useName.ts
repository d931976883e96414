/** Names for ids that a site may add to: a step of its own menu, a payment channel. What no dictionary knows stays as it is. */
import { useTranslation } from 'react-i18next';

export type Named = 'step' | 'way' | 'flow' | 'channel' | 'subcategory';

export function useName(): (kind: Named, id: string) => string {
  const { t, i18n } = useTranslation();
  return (kind, id) => {
    // A step of a flow that another one calls is told behind the step that calls it: `bill_caller.pin`.
    const word = kind === 'step' ? id.slice(id.lastIndexOf('.') + 1) : id;
    // An id is the site's or the caller's text: only a plain word is looked up.
    return /^\w+$/.test(word) && i18n.exists(`${kind}.${word}`) ? t(`${kind}.${word}` as never) : id;
  };
}

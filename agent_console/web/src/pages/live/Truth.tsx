/** How old the truth is: for each PBX, when the page was last checked against it whole, and what was put right. */
import { useTranslation } from 'react-i18next';
import { useLive, useNow } from '../../app/live';
import { clock } from '../../format';

export function Truth() {
  const { t } = useTranslation();
  const now = useNow();
  const links = useLive(live => live.state.links);
  return (
    <p className="truth muted" data-testid="live-truth">
      {[...links.values()].map(link => (
        <span key={link.pbx} data-pbx={link.pbx} data-up={link.up} data-drift={link.drift}>
          {link.synced_at === null
            ? t('trust.notChecked', { pbx: link.pbx })
            : t('trust.checked', {
                pbx: link.pbx,
                age: clock((now - Date.parse(link.synced_at)) / 1000),
                drift: link.drift,
              })}
        </span>
      ))}
    </p>
  );
}

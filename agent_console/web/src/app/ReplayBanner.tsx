/** Says on every page that what is shown is the past, which moment of it, and how fast it goes by. */
import { Alert } from 'antd';
import { useTranslation } from 'react-i18next';
import { useLive, useNow } from './live';
import { useSite, useTimes } from './site';

export function ReplayBanner() {
  const { replay } = useSite();
  return replay === null ? null : <Banner {...replay} />;
}

function Banner({ since, until, speed }: { since: string; until: string; speed: number }) {
  const { t } = useTranslation();
  const times = useTimes();
  const now = useNow();
  const known = useLive(live => live.frameAt !== null);
  const shown = known ? Math.min(now, Date.parse(until)) : Date.parse(since);
  return (
    <Alert
      banner
      type="warning"
      role="status"
      data-testid="replay-banner"
      title={t('replay.title', { time: `${times.stamp(shown).slice(0, 10)} ${times.time(shown)}` })}
      description={t('replay.text', {
        since: times.stamp(since),
        until: times.stamp(until),
        speed,
      })}
    />
  );
}

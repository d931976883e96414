/** How far the screen can be trusted: a badge that is always there, and a banner when it can't be. */
import {
  CheckCircleFilled,
  DisconnectOutlined,
  HistoryOutlined,
  SyncOutlined,
  WarningFilled,
} from '@ant-design/icons';
import { Alert, Button, Tooltip } from 'antd';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { clock } from '../format';
import { type Doubt, startPush, useDoubt, useLive, useNow } from './live';
import { useSite, useTimes } from './site';

export function TrustBadge() {
  const { t } = useTranslation();
  const doubt = useDoubt();
  const trust = useLive(live => live.trust);
  const { replay } = useSite();
  if (replay !== null) {
    return (
      <span className="badge busy" data-testid="trust" data-trust="replay">
        <HistoryOutlined /> {t('replay.badge')}
      </span>
    );
  }
  if (doubt.kind === 'none') return <LiveBadge catchingUp={trust === 'gap'} />;
  const [icon, text] = LOOKS[doubt.kind];
  return (
    <span
      className={`badge ${doubt.kind === 'starting' ? 'busy' : 'bad'}`}
      role="status"
      data-testid="trust"
      data-trust={doubt.kind}
    >
      {icon} {t(text)}
    </span>
  );
}

const LOOKS = {
  starting: [<SyncOutlined key="i" spin />, 'trust.connecting'],
  stale: [<DisconnectOutlined key="i" />, 'trust.stale'],
  replaced: [<WarningFilled key="i" />, 'trust.replaced'],
  pbx: [<WarningFilled key="i" />, 'trust.pbxDown'],
} as const satisfies Record<Exclude<Doubt['kind'], 'none'>, readonly [ReactNode, string]>;

function LiveBadge({ catchingUp }: { catchingUp: boolean }) {
  const { t } = useTranslation();
  const now = useNow();
  const frameAt = useLive(live => live.frameAt ?? 0);
  const links = useLive(live => live.state.links);
  const age = clock((now - frameAt) / 1000);
  const synced = [...links.values()].map(link =>
    link.synced_at === null
      ? `${link.pbx}: —`
      : `${link.pbx}: ${t('trust.synced', { age: clock((now - Date.parse(link.synced_at)) / 1000), drift: link.drift })}`,
  );
  return (
    <Tooltip title={synced.join('\n')}>
      <span className="badge good" data-testid="trust" data-trust={catchingUp ? 'gap' : 'live'}>
        <CheckCircleFilled /> {t(catchingUp ? 'trust.gap' : 'trust.live')}{' '}
        <span className="clock" title={t('trust.age')}>
          {age}
        </span>
      </span>
    </Tooltip>
  );
}

export function DoubtBanner() {
  const { t } = useTranslation();
  const doubt = useDoubt();
  const times = useTimes();
  const now = useNow();
  if (doubt.kind === 'none' || doubt.kind === 'starting') return null;
  if (doubt.kind === 'replaced') {
    return (
      <Alert
        banner
        type="warning"
        data-testid="doubt-banner"
        title={t('trust.replacedTitle')}
        description={t('trust.replacedText')}
        action={
          <Button type="primary" onClick={startPush} data-testid="use-here">
            {t('trust.useHere')}
          </Button>
        }
      />
    );
  }
  const since = doubt.kind === 'pbx' ? Date.parse(doubt.link.since) : doubt.since;
  const never = doubt.kind === 'pbx' && doubt.link.synced_at === null;
  const texts =
    doubt.kind === 'pbx'
      ? (['trust.pbxTitle', 'trust.pbxText'] as const)
      : (['trust.staleTitle', 'trust.staleText'] as const);
  const about = { time: since === null ? '—' : times.time(since), age: clock((now - (since ?? now)) / 1000) };
  return (
    <Alert
      banner
      type="error"
      role="alert"
      data-testid="doubt-banner"
      title={never ? t('trust.neverSynced') : t(texts[0], about)}
      description={never ? t('trust.neverSyncedText') : t(texts[1], about)}
    />
  );
}

/**
 * What one can do with the caller one has: send them on, ask a colleague, and what may follow from that.
 * A colleague who is asked has no caller, so there is nothing for them to decide.
 */
import { RollbackOutlined, SwapOutlined, TeamOutlined, UserSwitchOutlined } from '@ant-design/icons';
import { Button, Dropdown, type MenuProps } from 'antd';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as api from '../api/endpoints';
import type { PhoneCall } from '../phone/store';
import type { Targets } from '../wire';
import { useLive, useMe } from './live';
import { usePresenceName } from './PresenceSwitch';
import { useOrder } from './StateBar';
import { useSiteNames } from './siteNames';

export function CallHandling() {
  const me = useMe();
  const withCaller = useLive(live => me?.call != null && live.state.calls.get(me.call)?.agent === me.id);
  if (me === null || me.talk === 'none' || me.talk === 'in_conference') return null;
  if (me.talk !== 'consulting') return <TransferMenu />;
  return withCaller ? <ConsultButtons /> : null;
}

/** Queues, and colleagues with what they are doing; who can't take a call now can't be chosen. */
function TransferMenu() {
  const { t } = useTranslation();
  const order = useOrder();
  const [targets, setTargets] = useState<Targets | null>(null);
  const words = { queue: useSiteNames().queue, presence: usePresenceName() };
  const load = (open: boolean) => {
    if (open) void order(async () => setTargets(await api.targets()));
  };
  return (
    <Dropdown trigger={['click']} onOpenChange={load} menu={{ items: items(targets, t, order, words) }}>
      <Button icon={<SwapOutlined />} data-testid="transfer">
        {t('handling.transfer')}
      </Button>
    </Dropdown>
  );
}

type Translate = ReturnType<typeof useTranslation>['t'];
type Order = ReturnType<typeof useOrder>;
interface Words {
  readonly queue: (name: string) => string;
  readonly presence: ReturnType<typeof usePresenceName>;
}

function items(
  targets: Targets | null,
  t: Translate,
  order: Order,
  words: Words,
): NonNullable<MenuProps['items']> {
  if (targets === null) return [{ key: 'loading', label: t('handling.loading'), disabled: true }];
  return [
    {
      key: 'queues',
      type: 'group',
      label: t('handling.queues'),
      children: targets.queues.map(queue => ({
        key: `queue ${queue.name}`,
        label: t('handling.queue', { name: words.queue(queue.name), waiting: queue.waiting }),
        onClick: () => void order(() => api.transferToQueue(queue.name)),
      })),
    },
    {
      key: 'colleagues',
      type: 'group',
      label: t('handling.colleagues'),
      children: targets.colleagues.flatMap(colleague => {
        const presence = words.presence(colleague.presence, null);
        return [
          {
            key: `consult ${colleague.id}`,
            disabled: !colleague.free,
            label: t('handling.consult', { name: colleague.name, presence }),
            onClick: () => void order(() => api.consult(colleague.id)),
          },
          {
            key: `transfer ${colleague.id}`,
            disabled: !colleague.free,
            label: t('handling.transferTo', { name: colleague.name, presence }),
            onClick: () => void order(() => api.transferToColleague(colleague.id)),
          },
        ];
      }),
    },
  ];
}

function ConsultButtons() {
  const { t } = useTranslation();
  const order = useOrder();
  return (
    <>
      <Button icon={<RollbackOutlined />} onClick={() => void order(api.takeBack)} data-testid="take-back">
        {t('handling.takeBack')}
      </Button>
      <Button icon={<UserSwitchOutlined />} onClick={() => void order(api.handOver)} data-testid="hand-over">
        {t('handling.handOver')}
      </Button>
      <Button icon={<TeamOutlined />} onClick={() => void order(api.joinCall)} data-testid="join">
        {t('handling.join')}
      </Button>
    </>
  );
}

/** Tell the server when the microphone is switched: only the browser knows. A report that fails is no one's loss. */
export function useMuteReport(call: PhoneCall): void {
  const [reported, setReported] = useState(false);
  useEffect(() => {
    if (call.state !== 'talking' || call.muted === reported) return;
    setReported(call.muted);
    api.reportMute(call.muted).catch(() => setReported(!call.muted));
  }, [call.state, call.muted, reported]);
}

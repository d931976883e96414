/** What the agent chose to be, and what they choose next. During a call the choice waits for the end of wrap-up. */
import { ClockCircleOutlined, DownOutlined } from '@ant-design/icons';
import { App as AntApp, Button, Dropdown, Tooltip } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as api from '../api/endpoints';
import { ApiError } from '../api/http';
import { Since } from '../components/Clock';
import type { AgentView, Presence } from '../wire';
import { useDoubt, useMe } from './live';
import { useWho } from './session';
import { useLanguage } from './site';
import { useSiteNames } from './siteNames';

export const PRESENCES: readonly Presence[] = [
  'available',
  'break',
  'lunch',
  'meeting',
  'training',
  'away',
  'offline',
];

export function PresenceSwitch() {
  const { t } = useTranslation();
  const me = useMe();
  const doubt = useDoubt();
  const { busy, choose } = useChoosePresence();
  const choices = useChoices();
  const name = usePresenceName();
  if (me === null) return null;
  const { pending, pending_reason } = me;
  return (
    <Dropdown
      trigger={['click']}
      menu={{
        selectedKeys: [pending ? keyOf(pending, pending_reason) : keyOf(me.presence, me.reason)],
        items: choices.map(({ presence, reason }) => ({
          key: keyOf(presence, reason),
          label: (
            <span
              className={reason === null ? 'presence-item' : 'presence-item reason'}
              data-testid={`presence-${keyOf(presence, reason)}`}
            >
              <Dot presence={presence} /> {name(presence, reason)}
            </span>
          ),
        })),
        onClick: ({ key }) => {
          const chosen = choices.find(one => keyOf(one.presence, one.reason) === key);
          if (chosen) void choose(chosen.presence, chosen.reason);
        },
      }}
    >
      <Button
        loading={busy}
        data-testid="presence-switch"
        data-presence={me.presence}
        data-reason={me.reason ?? ''}
        data-pending={pending ?? ''}
        className={doubt.kind === 'none' ? '' : 'aged'}
        aria-label={`${t('presence.label')}: ${name(me.presence, me.reason)}`}
      >
        <Dot presence={me.presence} />
        <b>{name(me.presence, me.reason)}</b>
        <Since at={me.presence_since} />
        {pending && (
          <Tooltip title={t('presence.pendingHint')}>
            <span className="pending">
              <ClockCircleOutlined /> {t('presence.pending', { presence: name(pending, pending_reason) })}
            </span>
          </Tooltip>
        )}
        <DownOutlined />
      </Button>
    </Dropdown>
  );
}

interface Choice {
  readonly presence: Presence;
  readonly reason: string | null;
}

const keyOf = (presence: Presence, reason: string | null) => (reason === null ? presence : `away-${reason}`);

/** The site's own reasons stand below *away*, which they are kinds of. */
function useChoices(): Choice[] {
  const { reasons } = useWho();
  return PRESENCES.flatMap(presence => [
    { presence, reason: null },
    ...(presence === 'away' ? reasons.map(({ code }) => ({ presence, reason: code })) : []),
  ]);
}

/** A presence in words; with a reason it is the reason that is read. */
export function usePresenceName(): (presence: AgentView['presence'], reason: string | null) => string {
  const { t } = useTranslation();
  const names = useSiteNames();
  return (presence, reason) => (reason === null ? t(`presence.${presence}`) : names.reason(reason));
}

/** A shape per kind as well as a colour: full is ready, half is away for a while, hollow is gone. */
export function Dot({ presence }: { presence: Presence }) {
  const kind = presence === 'available' ? 'full' : presence === 'offline' ? 'hollow' : 'half';
  return <span className={`dot ${kind}`} aria-hidden="true" />;
}

export function useChoosePresence() {
  const { message } = AntApp.useApp();
  const language = useLanguage();
  const [busy, setBusy] = useState(false);
  const choose = async (presence: Presence, reason: string | null = null) => {
    setBusy(true);
    try {
      await api.choosePresence(presence, reason);
    } catch (error) {
      if (error instanceof ApiError) void message.error(error.text(language));
      else throw error;
    } finally {
      setBusy(false);
    }
  };
  return { busy, choose };
}

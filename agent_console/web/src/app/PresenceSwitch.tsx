/** What the agent chose to be, and what they choose next. During a call the choice waits for the end of wrap-up. */
import { ClockCircleOutlined, DownOutlined } from '@ant-design/icons';
import { App as AntApp, Button, Dropdown, Tooltip } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as api from '../api/endpoints';
import { ApiError } from '../api/http';
import { Since } from '../components/Clock';
import type { Presence } from '../wire';
import { useDoubt, useMe } from './live';
import { useLanguage } from './site';

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
  if (me === null) return null;
  return (
    <Dropdown
      trigger={['click']}
      menu={{
        selectedKeys: [me.pending ?? me.presence],
        items: PRESENCES.map(presence => ({
          key: presence,
          label: (
            <span className="presence-item" data-testid={`presence-${presence}`}>
              <Dot presence={presence} /> {t(`presence.${presence}`)}
            </span>
          ),
        })),
        onClick: ({ key }) => void choose(key as Presence),
      }}
    >
      <Button
        loading={busy}
        data-testid="presence-switch"
        data-presence={me.presence}
        data-pending={me.pending ?? ''}
        className={doubt.kind === 'none' ? '' : 'aged'}
        aria-label={`${t('presence.label')}: ${t(`presence.${me.presence}`)}`}
      >
        <Dot presence={me.presence} />
        <b>{t(`presence.${me.presence}`)}</b>
        <Since at={me.presence_since} />
        {me.pending && (
          <Tooltip title={t('presence.pendingHint')}>
            <span className="pending">
              <ClockCircleOutlined /> {t('presence.pending', { presence: t(`presence.${me.pending}`) })}
            </span>
          </Tooltip>
        )}
        <DownOutlined />
      </Button>
    </Dropdown>
  );
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
  const choose = async (presence: Presence) => {
    setBusy(true);
    try {
      await api.choosePresence(presence);
    } catch (error) {
      if (error instanceof ApiError) void message.error(error.text(language));
      else throw error;
    } finally {
      setBusy(false);
    }
  };
  return { busy, choose };
}

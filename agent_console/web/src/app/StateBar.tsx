/** The one place that says what the agent is in, how long, and what they can do about it. Same height in each state. */
import {
  AudioMutedOutlined,
  AudioOutlined,
  CheckOutlined,
  PauseOutlined,
  PhoneFilled,
  PlayCircleOutlined,
  PlusOutlined,
} from '@ant-design/icons';
import { App as AntApp, Button } from 'antd';
import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import * as api from '../api/endpoints';
import { ApiError } from '../api/http';
import { Left, Since, SinceLocal } from '../components/Clock';
import { isDirty, useDrafts } from '../drafts';
import { phoneNumber } from '../format';
import { agentPhone } from '../phone/agentPhone';
import { type PhoneCall, usePhone } from '../phone/store';
import type { AgentView } from '../wire';
import { CallHandling, useMuteReport } from './CallHandling';
import { useDoubt, useLive, useMe } from './live';
import { useChoosePresence } from './PresenceSwitch';
import { useLanguage } from './site';

export function StateBar() {
  const me = useMe();
  const call = usePhone(phone => phone.call);
  const { t } = useTranslation();
  useKeys();
  return (
    <section className="statebar-wrap" aria-label={t('routing.label')}>
      {call ? <CallBar call={call} /> : <AgentBar me={me} />}
      <Announcer call={call} />
    </section>
  );
}

// ---------------------------------------------------------------- in a call

function CallBar({ call }: { call: PhoneCall }) {
  const { t } = useTranslation();
  const incoming = call.state === 'silent' || call.state === 'ringing';
  useMuteReport(call);
  const tone = incoming ? 'ring' : call.held ? 'held' : 'talk';
  const title = incoming
    ? t(call.withPop ? 'call.incoming' : 'call.incomingNoData')
    : t(call.state === 'answering' ? 'call.connecting' : call.held ? 'call.held' : 'call.talking');
  return (
    <div
      className={`statebar ${tone}`}
      data-testid={call.state === 'ringing' ? 'ring' : 'call-bar'}
      data-state={call.state}
    >
      <span className="statebar-icon">
        <PhoneFilled />
      </span>
      <div className="statebar-text">
        <strong>{title}</strong>
        <span>{!incoming || call.withPop ? <CallerLabel /> : t('call.incomingNoDataHint')}</span>
      </div>
      {call.since !== null && (
        <span className="statebar-clock" role="timer" aria-label={t('call.clock')} data-testid="call-clock">
          <SinceLocal ms={call.since} />
        </span>
      )}
      {call.muted && (
        <span className="statebar-flag">
          <AudioMutedOutlined /> {t('call.muted')}
        </span>
      )}
      <div className="statebar-actions" role="toolbar" aria-label={t('call.controls')}>
        {incoming ? <AnswerButtons /> : <TalkButtons call={call} />}
      </div>
    </div>
  );
}

function CallerLabel() {
  const { t } = useTranslation();
  const pop = useLive(live => live.state.pop);
  if (pop === null) return null;
  const number = pop.caller_number ? phoneNumber(pop.caller_number) : t('pop.withheld');
  return <>{pop.account ? `${number} · ${pop.account.name}` : number}</>;
}

function AnswerButtons() {
  const { t } = useTranslation();
  return (
    <>
      <Button
        type="primary"
        size="large"
        className="answer"
        icon={<PhoneFilled />}
        onClick={() => agentPhone()?.answer()}
        aria-keyshortcuts="F2"
        autoFocus
        data-testid="answer"
      >
        {t('call.answer')} <Key>F2</Key>
      </Button>
      <HangUp ringing />
    </>
  );
}

function TalkButtons({ call }: { call: PhoneCall }) {
  const { t } = useTranslation();
  const talking = call.state === 'talking';
  return (
    <>
      <Button
        icon={call.muted ? <AudioMutedOutlined /> : <AudioOutlined />}
        onClick={() => agentPhone()?.toggleMute()}
        disabled={!talking}
        aria-pressed={call.muted}
        aria-keyshortcuts="F8"
        data-testid="mute"
      >
        {t(call.muted ? 'call.unmute' : 'call.mute')} <Key>F8</Key>
      </Button>
      <Button
        icon={call.held ? <PlayCircleOutlined /> : <PauseOutlined />}
        onClick={() => agentPhone()?.toggleHold()}
        disabled={!talking}
        aria-pressed={call.held}
        aria-keyshortcuts="F9"
        data-testid="hold"
      >
        {t(call.held ? 'call.resume' : 'call.hold')} <Key>F9</Key>
      </Button>
      {talking && <CallHandling />}
      <HangUp />
    </>
  );
}

function HangUp({ ringing = false }: { ringing?: boolean }) {
  const { t } = useTranslation();
  return (
    <Button
      danger
      {...(ringing ? ({ size: 'large' } as const) : ({ type: 'primary' } as const))}
      icon={<PhoneFilled rotate={225} />}
      onClick={() => agentPhone()?.hangUp()}
      aria-keyshortcuts="F4"
      data-testid="hangup"
    >
      {t(ringing ? 'call.reject' : 'call.hangUp')} <Key>F4</Key>
    </Button>
  );
}

function Key({ children }: { children: ReactNode }) {
  return <kbd>{children}</kbd>;
}

/** F2 answer, F4 hang up, F8 mute, F9 hold: also from within a text field. */
function useKeys(): void {
  useEffect(() => {
    const orders: Record<string, () => void> = {
      F2: () => agentPhone()?.answer(),
      F4: () => agentPhone()?.hangUp(),
      F8: () => agentPhone()?.toggleMute(),
      F9: () => agentPhone()?.toggleHold(),
    };
    const onKey = (event: KeyboardEvent) => {
      const order = orders[event.key];
      if (!order || event.repeat || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      order();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

/** Says aloud, for those who hear the screen, that a call comes. */
function Announcer({ call }: { call: PhoneCall | null }) {
  const { t } = useTranslation();
  const pop = useLive(live => live.state.pop);
  const incoming = call?.state === 'ringing';
  const who = pop?.account?.name ?? (pop?.caller_number ? phoneNumber(pop.caller_number) : '');
  return (
    <div className="unseen" aria-live="assertive" role="alert">
      {incoming ? `${t(call.withPop ? 'call.incoming' : 'call.incomingNoData')} ${who}` : ''}
    </div>
  );
}

// ---------------------------------------------------------------- not in a call

function AgentBar({ me }: { me: AgentView | null }) {
  const { t } = useTranslation();
  const offered = useLive(live => live.state.pop !== null);
  const doubt = useDoubt();
  if (me === null) return <div className="statebar off" data-testid="state-bar" data-state="unknown" />;
  const aged = doubt.kind === 'none' ? '' : ' aged';
  const coming = offered && (me.routing === 'idle' || me.routing === 'ringing');
  const tone = coming ? 'ring' : TONES[me.routing];
  return (
    <div className={`statebar ${tone}${aged}`} data-testid="state-bar" data-state={me.routing}>
      <span className={`statebar-dot ${tone}`} aria-hidden="true" />
      <div className="statebar-text">
        <strong>{coming ? t('call.offered') : t(`routing.${me.routing}`)}</strong>
        <span>{coming ? <CallerLabel /> : <Hint me={me} />}</span>
      </div>
      <span className="statebar-clock" role="timer" data-testid="routing-clock">
        {me.routing === 'wrap_up' && me.wrap_up_until ? (
          <WrapUpLeft until={me.wrap_up_until} />
        ) : (
          <Since at={me.routing_since} />
        )}
      </span>
      <div className="statebar-actions">
        {me.routing === 'wrap_up' && <WrapUpButtons />}
        {me.routing === 'not_responding' && <BackButton />}
      </div>
    </div>
  );
}

const TONES = {
  off_queue: 'off',
  idle: 'ready',
  ringing: 'ring',
  on_call: 'talk',
  wrap_up: 'wrap',
  not_responding: 'miss',
} as const;

function Hint({ me }: { me: AgentView }) {
  const { t } = useTranslation();
  const ending = usePhone(phone => phone.ending);
  const registration = usePhone(phone => phone.registration);
  if (me.routing === 'not_responding') return t('presence.notResponding');
  if (me.routing === 'idle' && registration !== 'registered') return t('idle.phoneDown');
  if (ending !== null && ending !== 'normal') return t(`call.end_${ending}`);
  if (me.routing === 'idle') return t('idle.readyHint');
  if (me.routing === 'off_queue') return t('idle.offHint');
  return <CallerLabel />;
}

function WrapUpLeft({ until }: { until: string }) {
  const { t } = useTranslation();
  const [before, behind] = t('wrapup.left', { time: '|' }).split('|');
  return (
    <>
      <small>{before}</small>
      <Left until={until} />
      <small>{behind}</small>
    </>
  );
}

function WrapUpButtons() {
  const { t } = useTranslation();
  const order = useOrder();
  const { modal } = AntApp.useApp();
  const finish = async () => {
    const callId = useLive.getState().state.pop?.call_id;
    if (callId && isDirty(useDrafts.getState().drafts.get(callId))) {
      const sure = await modal.confirm({
        title: t('wrapup.finishUnsaved'),
        content: t('wrapup.finishUnsavedHint'),
      });
      if (!sure) return;
    }
    await order(api.finishWrapUp);
  };
  return (
    <>
      <Button
        icon={<PlusOutlined />}
        title={t('wrapup.extendHint')}
        onClick={() => void order(() => api.extendWrapUp(60))}
        data-testid="wrapup-extend"
      >
        {t('wrapup.extend')}
      </Button>
      <Button icon={<CheckOutlined />} onClick={() => void finish()} data-testid="wrapup-finish">
        {t('wrapup.finish')}
      </Button>
    </>
  );
}

function BackButton() {
  const { t } = useTranslation();
  const { busy, choose } = useChoosePresence();
  return (
    <Button
      type="primary"
      loading={busy}
      onClick={() => void choose('available')}
      data-testid="back-available"
    >
      {t('presence.available')}
    </Button>
  );
}

/** Give an order to the server and show its refusal. */
export function useOrder() {
  const { message } = AntApp.useApp();
  const language = useLanguage();
  return async (order: () => Promise<unknown>): Promise<boolean> => {
    try {
      await order();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      void message.error(error.text(language));
      return false;
    }
  };
}

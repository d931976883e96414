/** A phone in the browser, for trying the hotline without any other phone. No login: the server decides if it is on. */
import { ArrowLeftOutlined, AudioMutedOutlined, PhoneFilled } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Alert, Button, Result } from 'antd';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import * as api from '../../api/endpoints';
import { ApiError } from '../../api/http';
import { Waiting } from '../../app/App';
import { useLanguage, useSite } from '../../app/site';
import { Brand } from '../../components/Brand';
import { SinceLocal } from '../../components/Clock';
import { ErrorNote } from '../../components/Errors';
import { LanguageSwitch } from '../../components/LanguageSwitch';
import type { DemoPhone } from '../../wire';
import { SoundLevel } from './SoundLevel';
import { type Dialer, useDialer } from './useDialer';

const KEYS: readonly (readonly [string, string])[] = [
  ['1', ''],
  ['2', 'ABC'],
  ['3', 'DEF'],
  ['4', 'GHI'],
  ['5', 'JKL'],
  ['6', 'MNO'],
  ['7', 'PQRS'],
  ['8', 'TUV'],
  ['9', 'WXYZ'],
  ['*', ''],
  ['0', ''],
  ['#', ''],
];
const NAMES: Record<string, string> = { '*': 'star', '#': 'pound' };

export default function DemoPhonePage() {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery({
    queryKey: ['demo-phone'],
    queryFn: api.demoPhone,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const off = error instanceof ApiError && error.status === 404;
  return (
    <div className="demo">
      <header className="login-top">
        <Brand />
        <LanguageSwitch />
      </header>
      <main className="demo-main">
        {off && (
          <Result
            status="info"
            title={t('phone.off')}
            subTitle={t('phone.offHint')}
            extra={<Link href="/login">{t('login.title')}</Link>}
          />
        )}
        {error && !off && <ErrorNote error={error} onRetry={() => void refetch()} />}
        {!error && !data && <Waiting />}
        {data && <Phone demo={data} />}
      </main>
    </div>
  );
}

function Phone({ demo }: { demo: DemoPhone }) {
  const { t } = useTranslation();
  const dialer = useDialer(demo);
  const site = useSite();
  const name = useLanguage() === 'zh' ? site.name_zh : site.name_en;
  return (
    <>
      <section
        className="demo-phone"
        aria-labelledby="demo-title"
        data-testid="phone"
        data-state={dialer.state}
      >
        <p className="demo-site">{name}</p>
        <h1 id="demo-title" className="demo-number">
          {demo.hotline}
        </h1>
        <Status dialer={dialer} />
        <Keyed keyed={dialer.keyed} />
        <Pad onKey={dialer.key} active={dialer.state === 'talking'} />
        <MainButton dialer={dialer} hotline={demo.hotline} />
      </section>
      <aside className="demo-help">
        <h2>{t('phone.title')}</h2>
        <p>{t('phone.hint')}</p>
        <ol>
          <li>{t('phone.step1')}</li>
          <li>{t('phone.step2')}</li>
          <li>{t('phone.step3')}</li>
        </ol>
        <p className="muted">{t('phone.keyHint')}</p>
        <Link href="/login">
          <ArrowLeftOutlined /> {t('login.title')}
        </Link>
      </aside>
    </>
  );
}

function Status({ dialer }: { dialer: Dialer }) {
  const { t } = useTranslation();
  const { state, ending, since, microphone, registration } = dialer;
  const trouble = microphone === 'blocked' || microphone === 'missing' || microphone === 'insecure';
  return (
    <div className="demo-status">
      <p role="status" data-testid="phone-call-state" data-state={state}>
        <span
          className={`demo-sign ${state === 'idle' && registration === 'failed' ? 'failed' : state}`}
          aria-hidden="true"
        />
        {state === 'idle' && registration !== 'registered' ? t(`sip.${registration}`) : t(`phone.${state}`)}
        {since !== null && (
          <>
            {' · '}
            <SinceLocal ms={since} />
          </>
        )}
      </p>
      <SoundLevel stream={dialer.stream} />
      {trouble && (
        <Alert
          type="warning"
          showIcon
          icon={<AudioMutedOutlined />}
          title={t(`sip.mic_${microphone}`)}
          description={t(`sip.mic_${microphone}Hint`)}
        />
      )}
      {ending !== null && ending !== 'normal' && (
        <Alert type="error" showIcon title={t(ending === 'canceled' ? 'call.ended' : `call.end_${ending}`)} />
      )}
    </div>
  );
}

function Keyed({ keyed }: { keyed: string }) {
  const { t } = useTranslation();
  return (
    <output className="demo-keyed" aria-label={t('phone.keyed')} data-testid="phone-keyed">
      {keyed || <span className="muted">{t('phone.nothingKeyed')}</span>}
    </output>
  );
}

function Pad({ onKey, active }: { onKey: (digit: string) => void; active: boolean }) {
  const { t } = useTranslation();
  const [pressed, press] = useState('');
  const fade = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const key = useCallback(
    (digit: string) => {
      onKey(digit);
      press(digit);
      clearTimeout(fade.current);
      fade.current = setTimeout(() => press(''), 140);
    },
    [onKey],
  );
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      if (active && /^[0-9*#]$/.test(event.key)) key(event.key);
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, [active, key]);
  return (
    <fieldset className="pad" aria-label={t('phone.pad')}>
      {KEYS.map(([digit, letters]) => (
        <button
          key={digit}
          type="button"
          className={pressed === digit ? 'pad-key pressed' : 'pad-key'}
          disabled={!active}
          onClick={() => key(digit)}
          data-testid={`phone-key-${NAMES[digit] ?? digit}`}
        >
          {digit}
          <small>{letters}</small>
        </button>
      ))}
    </fieldset>
  );
}

function MainButton({ dialer, hotline }: { dialer: Dialer; hotline: string }) {
  const { t } = useTranslation();
  if (dialer.state !== 'idle') {
    return (
      <Button
        danger
        type="primary"
        size="large"
        block
        icon={<PhoneFilled rotate={225} />}
        onClick={dialer.hangUp}
        data-testid="phone-hangup"
      >
        {t('phone.hangUp')}
      </Button>
    );
  }
  return (
    <Button
      type="primary"
      size="large"
      block
      className="answer"
      icon={<PhoneFilled />}
      disabled={dialer.registration !== 'registered'}
      onClick={dialer.dial}
      data-testid="phone-dial"
    >
      {t('phone.call', { number: hotline })}
    </Button>
  );
}

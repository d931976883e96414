/** The frame of every page behind the login: header, doubts about the data, the agent's state bar, the page itself. */
import { LogoutOutlined, UserOutlined } from '@ant-design/icons';
import { App as AntApp, Button, Dropdown } from 'antd';
import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import { Brand } from '../components/Brand';
import { LanguageSwitch } from '../components/LanguageSwitch';
import { isDirty, useDrafts } from '../drafts';
import { startPhone, stopPhone } from '../phone/agentPhone';
import { usePhone } from '../phone/store';
import { startPush, stopPush, useLive } from './live';
import { PhoneBadge } from './PhoneBadge';
import { PresenceSwitch } from './PresenceSwitch';
import { ReplayBanner } from './ReplayBanner';
import { StateBar } from './StateBar';
import { useSession, useWho } from './session';
import { useLanguage, useSite } from './site';
import { DoubtBanner, TrustBadge } from './Trust';
import { usePopBeforeRing } from './usePopBeforeRing';

export default function Shell({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const who = useWho();
  useConnections();
  usePopBeforeRing();
  const agent = who.role === 'agent';
  return (
    <div className="shell">
      <a className="skip" href="#content">
        {t('app.skip')}
      </a>
      <header className="top">
        <Brand />
        <SiteName />
        <Pages agent={agent} />
        <div className="top-right">
          <TrustBadge />
          {who.phone && <PhoneBadge />}
          {agent && <PresenceSwitch />}
          <LanguageSwitch />
          <UserMenu />
        </div>
      </header>
      <ReplayBanner />
      <DoubtBanner />
      {agent && <StateBar />}
      <main id="content" className="content" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

/** Push channel and phone live as long as the login does. A console that was replaced lets its phone go too. */
function useConnections(): void {
  const { phone } = useWho();
  const replaced = useLive(live => live.trust === 'replaced');
  useEffect(() => {
    startPush();
    return stopPush;
  }, []);
  useEffect(() => {
    if (phone === null || replaced) return;
    void startPhone(phone);
    return stopPhone;
  }, [phone, replaced]);
  const busy = usePhone(state => state.call !== null);
  useEffect(() => {
    if (!busy) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [busy]);
}

function SiteName() {
  const site = useSite();
  const name = useLanguage() === 'zh' ? site.name_zh : site.name_en;
  return name ? (
    <span className="top-site">
      {name} {site.hotline}
    </span>
  ) : null;
}

function Pages({ agent }: { agent: boolean }) {
  const { t } = useTranslation();
  const [place] = useLocation();
  const pages = agent
    ? ([
        ['/', t('app.console')],
        ['/tickets', t('app.tickets')],
      ] as const)
    : ([
        ['/live', t('app.live')],
        ['/figures', t('app.figures')],
        ['/incidents', t('app.incidents')],
        ['/flows', t('app.flows')],
        ['/tickets', t('app.tickets')],
      ] as const);
  return (
    <nav aria-label={t('app.navigation')} className="pages">
      {pages.map(([href, label]) => {
        const current = href === '/' ? place === '/' : place.startsWith(href);
        return (
          <Link
            key={href}
            href={href}
            aria-current={current ? 'page' : undefined}
            className={current ? 'page current' : 'page'}
          >
            {label}
          </Link>
        );
      })}
    </nav>
  );
}

function UserMenu() {
  const { t } = useTranslation();
  const who = useWho();
  const { modal } = AntApp.useApp();
  const leave = async () => {
    const unsaved = [...useDrafts.getState().drafts.values()].filter(isDirty).length;
    const inCall = usePhone.getState().call !== null;
    if (unsaved > 0 || inCall) {
      const text = inCall ? t('app.inCallLogOut') : t('app.unsavedLogOut', { count: unsaved });
      const sure = await modal.confirm({
        title: t('app.logOut'),
        content: text,
        okText: t('app.logOutAnyway'),
      });
      if (!sure) return;
    }
    useDrafts.getState().dropAll();
    await useSession.getState().logOut();
  };
  return (
    <Dropdown
      trigger={['click']}
      menu={{
        items: [
          {
            key: 'who',
            disabled: true,
            label: `${who.user} · ${t(`login.role_${who.role}`)}${who.extension ? ` · ${who.extension}` : ''}`,
          },
          { type: 'divider' },
          {
            key: 'out',
            icon: <LogoutOutlined />,
            label: <span data-testid="logout">{t('app.logOut')}</span>,
          },
        ],
        onClick: ({ key }) => {
          if (key === 'out') void leave();
        },
      }}
    >
      <Button type="text" icon={<UserOutlined />} data-testid="user-menu">
        {who.name}
      </Button>
    </Dropdown>
  );
}

/** Everything round the pages: language, theme, queries, and which page an address means. */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { App as AntApp, Button, ConfigProvider, Result, Spin } from 'antd';
import enGB from 'antd/locale/en_GB';
import zhCN from 'antd/locale/zh_CN';
import { lazy, Suspense, useEffect, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { ApiError } from '../api/http';
import { Net } from '../components/Errors';
import { useSession } from './session';
import { useLanguage, useSite } from './site';
import { START } from './start';
import { themeOf } from './theme';

const LoginPage = lazy(() => import('../pages/login/LoginPage'));
const ConsolePage = lazy(() => import('../pages/console/ConsolePage'));
const TicketsPage = lazy(() => import('../pages/tickets/TicketsPage'));
const FiguresPage = lazy(() => import('../pages/figures/FiguresPage'));
const IncidentsPage = lazy(() => import('../pages/incidents/IncidentsPage'));
const FlowsPage = lazy(() => import('../pages/flows/FlowsPage'));
const LivePage = lazy(() => import('../pages/live/LivePage'));
const DemoPhonePage = lazy(() => import('../pages/phone/DemoPhonePage'));
const Shell = lazy(() => import('./Shell'));

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      refetchOnWindowFocus: false,
      retry: (failures, error) =>
        failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 500),
    },
  },
});

export function App() {
  const language = useLanguage();
  const theme = useMemo(() => themeOf(language), [language]);
  return (
    <QueryClientProvider client={queries}>
      <ConfigProvider
        locale={language === 'zh' ? zhCN : enGB}
        theme={theme}
        button={{ autoInsertSpace: false }}
      >
        <AntApp className="app">
          <Title />
          <Net name="page">
            <Suspense fallback={<Waiting />}>
              <Switch>
                <Route path="/phone" component={DemoPhonePage} />
                <Route path="/login" component={LoginPage} />
                <Route component={Walled} />
              </Switch>
            </Suspense>
          </Net>
        </AntApp>
      </ConfigProvider>
    </QueryClientProvider>
  );
}

function Title() {
  const site = useSite();
  const name = useLanguage() === 'zh' ? site.name_zh : site.name_en;
  useEffect(() => {
    document.title = name ? `${name} · Hydrophone` : 'Hydrophone';
  }, [name]);
  return null;
}

export function Waiting() {
  const { t } = useTranslation();
  return (
    <div className="waiting" role="status">
      <Spin size="large" />
      <span>{t('app.loading')}</span>
    </div>
  );
}

/** The pages behind the login. */
function Walled() {
  const { state, ask } = useSession();
  const [place] = useLocation();
  const { t } = useTranslation();
  useEffect(() => {
    if (state.kind === 'asking') void ask();
  }, [state.kind, ask]);
  if (state.kind === 'asking') return <Waiting />;
  if (state.kind === 'unreachable') {
    return (
      <Result
        status="warning"
        title={t('trust.stale')}
        extra={
          <Button type="primary" onClick={() => void ask()}>
            {t('app.retry')}
          </Button>
        }
      />
    );
  }
  if (state.kind === 'nobody') return <Redirect to="/login" />;
  const { role } = state.session;
  if (place === '/' && role !== 'agent') return <Redirect to={START[role]} />;
  if (/^\/(live|figures|incidents|flows)/.test(place) && role === 'agent') return <Redirect to="/" />;
  return (
    <Shell>
      <Net name={place} key={place}>
        <Suspense fallback={<Waiting />}>
          <Switch>
            <Route path="/" component={ConsolePage} />
            <Route path="/tickets" component={TicketsPage} />
            <Route path="/tickets/:id" component={TicketsPage} />
            <Route path="/live" component={LivePage} />
            <Route path="/figures" component={FiguresPage} />
            <Route path="/incidents" component={IncidentsPage} />
            <Route path="/flows" component={FlowsPage} />
            <Route component={NotFound} />
          </Switch>
        </Suspense>
      </Net>
    </Shell>
  );
}

function NotFound() {
  const { t } = useTranslation();
  return <Result status="404" title={t('app.notFound')} extra={<a href="/">{t('app.home')}</a>} />;
}

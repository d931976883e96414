/** Between calls: how the queue stands, which forms are not saved yet, and one's latest tickets. */
import { FormOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { App as AntApp, Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import * as api from '../../api/endpoints';
import { useDoubt, useLive, useMe, useNow } from '../../app/live';
import { useWho } from '../../app/session';
import { useTimes } from '../../app/site';
import { useSiteNames } from '../../app/siteNames';
import { Since } from '../../components/Clock';
import { ErrorNote } from '../../components/Errors';
import { type Draft, isDirty, useDrafts } from '../../drafts';
import { accountNumber } from '../../format';
import type { QueueView, Ticket } from '../../wire';

export function IdlePanel({
  onReopen,
  reopened,
}: {
  onReopen: (key: string) => void;
  reopened: string | null;
}) {
  const queues = useLive(live => live.state.queues);
  const me = useMe();
  const aged = useDoubt().kind === 'none' ? '' : ' aged';
  const mine = [...queues.values()].filter(queue => me === null || me.queues.includes(queue.name));
  return (
    <div className="idle" data-testid="idle">
      <UnsavedForms onReopen={onReopen} reopened={reopened} />
      <div className={`idle-queues${aged}`}>
        {mine.map(queue => (
          <QueueNow key={queue.name} queue={queue} />
        ))}
      </div>
      <MyTickets />
    </div>
  );
}

function QueueNow({ queue }: { queue: QueueView }) {
  const { t } = useTranslation();
  const waiting = queue.waiting.length;
  return (
    <section className="card queue-now">
      <h3>{t('idle.queue', { queue: useSiteNames().queue(queue.name) })}</h3>
      <dl className="figures">
        <div className={waiting > 0 ? 'figure warn' : 'figure'}>
          <dt>{t('idle.waiting')}</dt>
          <dd data-testid="idle-waiting">{waiting}</dd>
        </div>
        <div className="figure">
          <dt>{t('idle.longest')}</dt>
          <dd>
            <Since at={queue.longest_wait_since} />
          </dd>
        </div>
        <div className="figure">
          <dt>
            {t('live.answered')} <small>{t('live.today')}</small>
          </dt>
          <dd>{queue.answered}</dd>
        </div>
        <div className="figure">
          <dt>
            {t('live.abandoned')} <small>{t('live.today')}</small>
          </dt>
          <dd>{queue.abandoned}</dd>
        </div>
      </dl>
    </section>
  );
}

function UnsavedForms({ onReopen, reopened }: { onReopen: (key: string) => void; reopened: string | null }) {
  const { t } = useTranslation();
  const drafts = useDrafts(store => store.drafts);
  const unsaved = [...drafts.values()].filter(isDirty);
  if (unsaved.length === 0) return null;
  return (
    <section className="card unsaved" data-testid="unsaved-forms">
      <h3>
        <FormOutlined /> {t('wrapup.pendingForms')} <small>{unsaved.length}</small>
      </h3>
      <ul className="plain rows">
        {unsaved.map(draft => (
          <Unsaved key={draft.key} draft={draft} onReopen={onReopen} open={reopened === draft.key} />
        ))}
      </ul>
    </section>
  );
}

function Unsaved({
  draft,
  onReopen,
  open,
}: {
  draft: Draft;
  onReopen: (key: string) => void;
  open: boolean;
}) {
  const { t } = useTranslation();
  const times = useTimes();
  const { modal } = AntApp.useApp();
  const discard = async () => {
    if (await modal.confirm({ title: t('wrapup.discardConfirm'), okText: t('wrapup.discard') })) {
      useDrafts.getState().drop(draft.key);
    }
  };
  return (
    <li className="row">
      <span className="grow">
        {t('wrapup.pendingForm', { time: times.time(draft.at) })} · {draft.label}
        {draft.touched.subject && <span className="muted"> · {draft.touched.subject}</span>}
      </span>
      {!open && (
        <Button size="small" type="primary" onClick={() => onReopen(draft.key)} data-testid="unsaved-open">
          {t('wrapup.openForm')}
        </Button>
      )}
      <Button size="small" onClick={() => void discard()}>
        {t('wrapup.discard')}
      </Button>
    </li>
  );
}

const RECENT = 12;

function MyTickets() {
  const { t } = useTranslation();
  const { user } = useWho();
  const { data, error, refetch } = useQuery({
    queryKey: ['tickets', 'mine', user],
    queryFn: () => api.tickets({ agent: user, limit: String(RECENT) }),
    refetchOnMount: 'always',
  });
  return (
    <section className="card">
      <h3>{t('idle.recent')}</h3>
      {error && <ErrorNote error={error} onRetry={() => void refetch()} />}
      {data?.items.length === 0 && <p className="muted none">{t('idle.noRecent')}</p>}
      <ul className="plain rows">
        {data?.items.map(ticket => (
          <Mine key={ticket.id} ticket={ticket} />
        ))}
      </ul>
    </section>
  );
}

function Mine({ ticket }: { ticket: Ticket }) {
  const { t } = useTranslation();
  const times = useTimes();
  const now = useNow();
  return (
    <li className="row">
      <span className="muted mono">{times.short(ticket.opened_at, now)}</span>
      <Link href={`/tickets/${ticket.id}`} className="grow">
        {ticket.subject || t('tickets.noSubject')}
      </Link>
      {ticket.account && <span className="mono muted">{accountNumber(ticket.account)}</span>}
      {ticket.category && <span className="tag">{t(`category.${ticket.category}`)}</span>}
      <span className="tag">{t(`status.${ticket.status}`)}</span>
    </li>
  );
}

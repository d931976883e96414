/** One ticket whole: what it is, its call, and everything that ever happened to it. */
import { EditOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Button, Drawer } from 'antd';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as api from '../../api/endpoints';
import { Waiting } from '../../app/App';
import { useTimes } from '../../app/site';
import { useSiteNames } from '../../app/siteNames';
import { ErrorNote } from '../../components/Errors';
import { accountNumber, clock, phoneNumber } from '../../format';
import { useName } from '../../i18n/useName';
import type { CallRecord, Ticket, TicketEntry } from '../../wire';
import { IvrPath } from '../console/MenuPath';
import { TicketForm } from '../console/TicketForm';
import { Messages } from './Messages';

export function TicketDrawer({ id, onClose }: { id: string | null; onClose: () => void }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery({
    queryKey: ['ticket', id ?? '', ''],
    queryFn: () => api.ticket(id ?? ''),
    enabled: id !== null,
    refetchOnMount: 'always',
  });
  const ticket = data?.id === id ? data : undefined;
  return (
    <Drawer
      open={id !== null}
      onClose={onClose}
      size={640}
      title={ticket ? t('wrapup.number', { number: ticket.number }) : t('tickets.title')}
      destroyOnHidden
      data-testid="ticket-drawer"
    >
      {error && <ErrorNote error={error} onRetry={() => void refetch()} />}
      {!error && (ticket ? <Whole ticket={ticket} key={ticket.id} /> : <Waiting />)}
    </Drawer>
  );
}

function Whole({ ticket }: { ticket: Ticket }) {
  const { t } = useTranslation();
  const [editing, edit] = useState(false);
  return (
    <div className="whole" data-testid="ticket-whole">
      <div className="whole-head">
        <h2>{ticket.subject || t('tickets.noSubject')}</h2>
        {!editing && (
          <Button icon={<EditOutlined />} onClick={() => edit(true)} data-testid="ticket-edit">
            {t('tickets.edit')}
          </Button>
        )}
      </div>
      {editing && (
        <TicketForm
          callId={null}
          ticketId={ticket.id}
          label={ticket.subject}
          proposedAccount={null}
          onDone={() => edit(false)}
        />
      )}
      <TicketFacts ticket={ticket} />
      {ticket.call && <CallFacts call={ticket.call} />}
      <Messages ticket={ticket.id} />
      <h3>{t('tickets.timeline')}</h3>
      <ol className="timeline" data-testid="ticket-timeline">
        {ticket.entries.map((entry, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: entries are only ever added at the end
          <Entry key={index} entry={entry} />
        ))}
      </ol>
    </div>
  );
}

function TicketFacts({ ticket }: { ticket: Ticket }) {
  const { t } = useTranslation();
  const times = useTimes();
  const name = useName();
  const names = useSiteNames();
  const sub = ticket.subcategory;
  return (
    <dl className="pairs">
      <Pair name={t('tickets.status')}>{t(`status.${ticket.status}`)}</Pair>
      <Pair name={t('tickets.category')}>
        {ticket.category ? t(`category.${ticket.category}`) : '—'}
        {sub && ` · ${name('subcategory', sub)}`}
      </Pair>
      <Pair name={t('tickets.disposition')}>
        {ticket.disposition ? t(`disposition.${ticket.disposition}`) : '—'}
      </Pair>
      <Pair name={t('tickets.account')}>{ticket.account ? accountNumber(ticket.account) : '—'}</Pair>
      <Pair name={t('tickets.caller')}>{phoneNumber(ticket.caller_number) || t('pop.withheld')}</Pair>
      <Pair name={t('tickets.agent')}>{ticket.agent ? names.agent(ticket.agent) : '—'}</Pair>
      <Pair name={t('tickets.opened')}>{times.stamp(ticket.opened_at)}</Pair>
      {ticket.task && (
        <Pair name={t('tickets.task')}>
          {t(`task.${ticket.task}`)} ·{' '}
          {ticket.task_done_at
            ? t('tickets.taskDone', { time: times.stamp(ticket.task_done_at) })
            : t('tickets.taskWaits')}
        </Pair>
      )}
      <Pair name={t('tickets.due')}>{ticket.due_at ? times.stamp(ticket.due_at) : '—'}</Pair>
    </dl>
  );
}

function CallFacts({ call }: { call: CallRecord }) {
  const { t } = useTranslation();
  const names = useSiteNames();
  const times = useTimes();
  return (
    <>
      <h3>{t('tickets.call')}</h3>
      <dl className="pairs" data-testid="ticket-call">
        <Pair name={t('tickets.started')}>{times.stamp(call.started_at)}</Pair>
        <Pair name={t('tickets.outcome')}>{call.outcome ? t(`outcome.${call.outcome}`) : '—'}</Pair>
        <Pair name={t('tickets.wait')}>{clock(call.wait_s)}</Pair>
        <Pair name={t('tickets.talk')}>{clock(call.talk_s)}</Pair>
        <Pair name={t('tickets.hold')}>
          {t('tickets.holds', { time: clock(call.hold_s), count: call.holds })}
        </Pair>
        <Pair name={t('tickets.language')}>{call.language ? t(`pop.lang_${call.language}`) : '—'}</Pair>
        <Pair name={t('tickets.verified')}>{t(call.verified ? 'tickets.yes' : 'tickets.no')}</Pair>
        <Pair name={t('pop.queue')}>{call.queue ? names.queue(call.queue) : '—'}</Pair>
      </dl>
      {call.ivr_path.length > 0 && <IvrPath steps={call.ivr_path} />}
    </>
  );
}

function Pair({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Entry({ entry }: { entry: TicketEntry }) {
  const { t } = useTranslation();
  const names = useSiteNames();
  const times = useTimes();
  return (
    <li className={`entry ${entry.kind}`}>
      <p className="entry-head">
        <b>{t(`tickets.entry_${entry.kind}`)}</b>
        <span>{entry.by === 'system' ? t('tickets.system') : names.agent(entry.by)}</span>
        <time dateTime={entry.at}>{times.stamp(entry.at)}</time>
      </p>
      {entry.text && <p className="entry-text">{entry.text}</p>}
      <Changes changes={entry.changes} />
    </li>
  );
}

function Changes({ changes }: { changes: TicketEntry['changes'] }) {
  const { t, i18n } = useTranslation();
  const list = Object.entries(changes ?? {});
  if (list.length === 0) return null;
  const field = (name: string) =>
    i18n.exists(`tickets.field_${name}`) ? t(`tickets.field_${name}` as never) : name;
  const value = (name: string, raw: string | null | undefined) => {
    if (raw === null || raw === undefined || raw === '') return '—';
    return i18n.exists(`${name}.${raw}`) ? t(`${name}.${raw}` as never) : raw;
  };
  return (
    <ul className="plain changes">
      {list.map(([name, [from, to]]) => (
        <li key={name}>
          {t('tickets.change', { field: field(name), from: value(name, from), to: value(name, to) })}
        </li>
      ))}
    </ul>
  );
}

/** All tickets one may see: filters, a list that goes back as far as one likes, and one ticket whole at the side. */
import { ReloadOutlined } from '@ant-design/icons';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Button, Table } from 'antd';
import type { ColumnsType } from 'antd/es/table';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useParams } from 'wouter';
import * as api from '../../api/endpoints';
import { useNow } from '../../app/live';
import { useTimes } from '../../app/site';
import { useSiteNames } from '../../app/siteNames';
import { ErrorNote } from '../../components/Errors';
import { ReadAt } from '../../components/ReadAt';
import { accountNumber, phoneNumber } from '../../format';
import type { Ticket } from '../../wire';
import { Due } from '../console/TicketBriefs';
import { TicketDrawer } from './TicketDrawer';
import { NO_FILTER, TicketFilters } from './TicketFilters';

const PAGE = '50';

export default function TicketsPage() {
  const { t } = useTranslation();
  const { id } = useParams<{ id?: string }>();
  const [, go] = useLocation();
  const [filter, setFilter] = useState<api.TicketFilter>(NO_FILTER);
  const query = useInfiniteQuery({
    queryKey: ['tickets', 'list', filter],
    queryFn: ({ pageParam }) => api.tickets({ ...filter, limit: PAGE, cursor: pageParam }),
    initialPageParam: '',
    getNextPageParam: page => page.next ?? undefined,
    refetchOnMount: 'always',
  });
  const { data, error, isFetching, hasNextPage, fetchNextPage, refetch } = query;
  const tickets = data?.pages.flatMap(page => page.items) ?? [];
  return (
    <div className="tickets">
      <section className="card" aria-labelledby="tickets-title">
        <div className="tickets-head">
          <h1 id="tickets-title">{t('tickets.title')}</h1>
          <TicketFilters filter={filter} onChange={setFilter} />
          <ReadAt read={query} />
          <Button
            icon={<ReloadOutlined />}
            onClick={() => void refetch()}
            aria-label={t('tickets.refresh')}
            title={t('tickets.refresh')}
          />
        </div>
        {error && <ErrorNote error={error} onRetry={() => void refetch()} />}
        <Table<Ticket>
          size="small"
          rowKey="id"
          loading={isFetching && tickets.length === 0}
          dataSource={tickets}
          columns={useColumns(ticket => go(`/tickets/${ticket.id}`))}
          pagination={false}
          scroll={{ x: 'max-content' }}
          rowClassName={ticket => (ticket.id === id ? 'row-open' : '')}
          locale={{ emptyText: <p className="muted none">{t('tickets.empty')}</p> }}
          onRow={ticket =>
            ({
              onClick: () => go(`/tickets/${ticket.id}`),
              'data-testid': 'ticket-row',
              'data-ticket': ticket.id,
            }) as object
          }
        />
        <p className="tickets-more">
          {hasNextPage ? (
            <Button onClick={() => void fetchNextPage()} loading={isFetching} data-testid="tickets-more">
              {t('tickets.more')}
            </Button>
          ) : (
            tickets.length > 0 && <span className="muted">{t('tickets.end')}</span>
          )}
        </p>
      </section>
      <TicketDrawer id={id ?? null} onClose={() => go('/tickets')} />
    </div>
  );
}

function useColumns(open: (ticket: Ticket) => void): ColumnsType<Ticket> {
  const { t } = useTranslation();
  const times = useTimes();
  const names = useSiteNames();
  const now = useNow();
  return [
    {
      title: t('tickets.number'),
      dataIndex: 'number',
      render: (number: string, ticket) => (
        <button
          type="button"
          className="link mono"
          onClick={event => {
            event.stopPropagation();
            open(ticket);
          }}
        >
          {number}
        </button>
      ),
    },
    {
      title: t('tickets.opened'),
      dataIndex: 'opened_at',
      render: (at: string) => <span className="mono">{times.short(at, now)}</span>,
    },
    {
      title: t('tickets.subject'),
      dataIndex: 'subject',
      render: (subject: string) => (
        <span className="ticket-subject">
          {subject || <span className="muted">{t('tickets.noSubject')}</span>}
        </span>
      ),
    },
    {
      title: t('tickets.category'),
      key: 'category',
      render: (_, { category }) => (category ? t(`category.${category}`) : '—'),
    },
    {
      title: t('tickets.status'),
      key: 'status',
      render: (_, { status, task, task_done_at }) => (
        <>
          <span className={`tag status-${status}`}>{t(`status.${status}`)}</span>{' '}
          {task && !task_done_at && <span className="tag warn">{t(`task.${task}`)}</span>}
        </>
      ),
    },
    {
      title: t('tickets.disposition'),
      key: 'disposition',
      render: (_, { disposition }) => (disposition ? t(`disposition.${disposition}`) : '—'),
    },
    {
      title: t('tickets.account'),
      dataIndex: 'account',
      render: (account: string | null) => (
        <span className="mono">{account ? accountNumber(account) : '—'}</span>
      ),
    },
    {
      title: t('tickets.caller'),
      dataIndex: 'caller_number',
      render: (number: string) => <span className="mono">{phoneNumber(number)}</span>,
    },
    {
      title: t('tickets.agent'),
      dataIndex: 'agent',
      render: (agent: string | null) => (agent ? names.agent(agent) : '—'),
    },
    {
      title: t('tickets.due'),
      dataIndex: 'due_at',
      render: (at: string | null, ticket) => (at && ticket.closed_at === null ? <Due at={at} /> : '—'),
    },
  ];
}

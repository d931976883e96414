/** Who will be called back: their place among all who wait, what was tried, when it is tried next. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { App, Button, Popconfirm, Table } from 'antd';
import type { ColumnsType } from 'antd/es/table';
import { useTranslation } from 'react-i18next';
import * as api from '../../api/endpoints';
import { ApiError } from '../../api/http';
import { useNow } from '../../app/live';
import { useLanguage, useTimes } from '../../app/site';
import { useSiteNames } from '../../app/siteNames';
import { Since } from '../../components/Clock';
import { ErrorNote } from '../../components/Errors';
import { ReadAt } from '../../components/ReadAt';
import { phoneNumber } from '../../format';
import type { CallbackView } from '../../wire';

const EVERY_MS = 5_000;

export function CallbackTable() {
  const { t } = useTranslation();
  const query = useQuery({ queryKey: ['callbacks'], queryFn: api.callbacks, refetchInterval: EVERY_MS });
  const columns = useColumns();
  const items = query.data?.items ?? [];
  if (items.length === 0 && !query.isError) return null;
  return (
    <section
      className={query.isError ? 'card callbacks aged' : 'card callbacks'}
      aria-labelledby="callbacks"
      data-testid="callbacks"
    >
      <h2 id="callbacks" className="table-head">
        {t('callbacks.title')}
        <small>{items.length}</small>
        <ReadAt read={query} />
      </h2>
      {query.isError && query.data === undefined && <ErrorNote error={query.error} />}
      <Table<CallbackView>
        size="small"
        rowKey="id"
        dataSource={items}
        columns={columns}
        pagination={false}
        scroll={{ x: 'max-content' }}
        onRow={one => ({ 'data-testid': 'callback-row', 'data-state': one.state }) as object}
      />
    </section>
  );
}

function useColumns(): ColumnsType<CallbackView> {
  const { t } = useTranslation();
  const names = useSiteNames();
  return [
    { title: t('live.queue'), key: 'queue', dataIndex: 'queue', render: names.queue },
    { title: t('callbacks.place'), key: 'place', dataIndex: 'place' },
    {
      title: t('callbacks.number'),
      key: 'number',
      render: (_, one) => <span className="mono">{phoneNumber(one.number)}</span>,
    },
    { title: t('callbacks.since'), key: 'since', render: (_, one) => <Since at={one.since} /> },
    {
      title: t('callbacks.attempts'),
      key: 'attempts',
      render: (_, one) => t('callbacks.of', { attempts: one.attempts, all: one.attempts_of }),
    },
    { title: t('callbacks.next'), key: 'next', render: (_, one) => <Next callback={one} /> },
    { key: 'cancel', align: 'right', render: (_, one) => <Cancel callback={one} /> },
  ];
}

function Next({ callback }: { callback: CallbackView }) {
  const { t } = useTranslation();
  const times = useTimes();
  const now = useNow();
  if (callback.state === 'dialling') return <b>{t('callbacks.dialling')}</b>;
  return Date.parse(callback.next_at) > now ? times.stamp(callback.next_at) : t('callbacks.waits');
}

function Cancel({ callback }: { callback: CallbackView }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const language = useLanguage();
  const queries = useQueryClient();
  const cancel = async () => {
    try {
      await api.cancelCallback(callback.id);
    } catch (error) {
      void message.error(error instanceof ApiError ? error.text(language) : t('app.failed'));
    }
    await queries.invalidateQueries({ queryKey: ['callbacks'] });
  };
  return (
    <Popconfirm
      title={t('callbacks.sure')}
      okText={t('callbacks.cancel')}
      cancelText={t('callbacks.keep')}
      onConfirm={cancel}
    >
      <Button size="small" disabled={callback.state === 'dialling'} data-testid="callback-cancel">
        {t('callbacks.cancel')}
      </Button>
    </Popconfirm>
  );
}

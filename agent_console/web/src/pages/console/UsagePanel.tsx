/** The last 24 bills and readings as a chart, estimates hatched and named; the same as a table for who can't see it. */
import { Segmented, Table } from 'antd';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLanguage, useTimes } from '../../app/site';
import { fontOf } from '../../app/theme';
import { Chart } from '../../components/Chart';
import { money, type Times } from '../../format';
import type { AccountView, BillView, ReadingView } from '../../wire';
import { billOption, readingOption, type Words } from './usageOption';

type What = 'bills' | 'readings';
type As = 'chart' | 'table';

export default function UsagePanel({ account }: { account: AccountView }) {
  const { t } = useTranslation();
  const [what, setWhat] = useState<What>(account.bills.length > 0 ? 'bills' : 'readings');
  const [as, setAs] = useState<As>('chart');
  const title =
    what === 'bills'
      ? t('pop.usage', { count: account.bills.length })
      : t('pop.readings', { count: account.readings.length });
  return (
    <div className="card usage" data-testid="pop-usage">
      <h3>
        {title}
        <Legend what={what} />
        <span className="grow" />
        <Segmented<What>
          size="small"
          value={what}
          onChange={setWhat}
          options={[
            { value: 'bills', label: t('pop.bills') },
            { value: 'readings', label: t('pop.readingsTab') },
          ]}
        />
        <Segmented<As>
          size="small"
          value={as}
          onChange={setAs}
          options={[
            { value: 'chart', label: t('pop.asChart') },
            { value: 'table', label: t('pop.asTable') },
          ]}
        />
      </h3>
      {as === 'chart' ? (
        <Usage account={account} what={what} label={title} />
      ) : what === 'bills' ? (
        <BillTable bills={account.bills} />
      ) : (
        <ReadingTable readings={account.readings} />
      )}
    </div>
  );
}

function Legend({ what }: { what: What }) {
  const { t } = useTranslation();
  return (
    <span className="legend">
      <span>
        <i className="key solid" aria-hidden="true" />
        {what === 'bills' ? t('pop.usage_m3') : t('pop.actual')}
      </span>
      <span>
        <i className="key hatched" aria-hidden="true" />
        {t('pop.estimated')}
      </span>
      {what === 'bills' && (
        <span>
          <i className="key line" aria-hidden="true" />
          {t('pop.amount')}
        </span>
      )}
    </span>
  );
}

function Usage({ account, what, label }: { account: AccountView; what: What; label: string }) {
  const { t } = useTranslation();
  const times = useTimes();
  const language = useLanguage();
  const option = useMemo(() => {
    const words: Words = {
      usage: t('pop.usage_m3'),
      amount: t('pop.amount'),
      estimated: t('pop.estimated'),
      open: t('pop.open'),
      value: t('pop.value_m3'),
      kinds: { actual: t('pop.actual'), estimated: t('pop.estimated'), customer: t('pop.customer') },
    };
    const font = fontOf(language);
    return what === 'bills'
      ? billOption(account.bills, words, times, font)
      : readingOption(account.readings, words, times, font);
  }, [account, what, t, times, language]);
  return <Chart option={option} label={label} />;
}

function BillTable({ bills }: { bills: BillView[] }) {
  const { t } = useTranslation();
  const times = useTimes();
  return (
    <Table<BillView>
      size="small"
      rowKey="period"
      dataSource={bills}
      pagination={false}
      scroll={{ y: 188 }}
      columns={[
        { title: t('pop.period'), dataIndex: 'period', render: (period: string) => times.month(period) },
        { title: t('pop.usage_m3'), dataIndex: 'usage_m3', align: 'right' },
        { title: t('pop.amount'), dataIndex: 'amount_fen', align: 'right', render: money },
        {
          title: t('pop.open'),
          dataIndex: 'open_fen',
          align: 'right',
          render: (fen: number) => (fen > 0 ? <span className="bad-text">{money(fen)}</span> : '—'),
        },
        {
          title: t('pop.lateFee'),
          dataIndex: 'late_fee_fen',
          align: 'right',
          render: (fen: number) => (fen > 0 ? money(fen) : '—'),
        },
        { title: t('pop.due'), dataIndex: 'due', render: (day: string) => times.date(day) },
        {
          title: t('pop.kind'),
          dataIndex: 'estimated',
          render: (yes: boolean) => t(yes ? 'pop.estimated' : 'pop.actual'),
        },
      ]}
    />
  );
}

function ReadingTable({ readings }: { readings: ReadingView[] }) {
  const { t } = useTranslation();
  const times: Times = useTimes();
  return (
    <Table<ReadingView>
      size="small"
      rowKey={reading => `${reading.on} ${reading.value_m3}`}
      dataSource={readings}
      pagination={false}
      scroll={{ y: 188 }}
      columns={[
        { title: t('pop.readOn'), dataIndex: 'on', render: (day: string) => times.date(day) },
        { title: t('pop.value_m3'), dataIndex: 'value_m3', align: 'right' },
        { title: t('pop.kind'), dataIndex: 'kind', render: (kind: ReadingView['kind']) => t(`pop.${kind}`) },
      ]}
    />
  );
}

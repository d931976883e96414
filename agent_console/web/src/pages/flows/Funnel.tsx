/** A day's callers on the picture of a menu: how many took each way, where they gave up, how long they stayed. */
import { useQuery } from '@tanstack/react-query';
import { Table } from 'antd';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import * as api from '../../api/flows';
import { Waiting } from '../../app/App';
import { ErrorNote } from '../../components/Errors';
import { ReadAt } from '../../components/ReadAt';
import { NO_VALUE } from '../../format';
import { useName } from '../../i18n/useName';
import type { FunnelStep, FunnelView } from '../../wire';

interface Props {
  flow: string;
  day: string;
  version: string;
}

const percent = (share: number | null) => (share === null ? NO_VALUE : `${(100 * share).toFixed(1)} %`);
export function Funnel({ flow, day, version }: Props) {
  const { t } = useTranslation();
  const name = useName();
  const seconds = (ms: number) => t('live.seconds', { s: (ms / 1000).toFixed(1) });
  const query = useQuery({
    queryKey: ['funnel', flow, day, version],
    queryFn: () => api.funnel(flow, day, version),
  });
  const { data, error, refetch } = query;
  if (error) return <ErrorNote error={error} onRetry={() => void refetch()} />;
  if (!data) return <Waiting />;
  return (
    <div className="funnel" data-testid="funnel">
      <Sums funnel={data} />
      <ReadAt read={query} />
      <Picture flow={flow} day={day} version={version} />
      <Table<FunnelStep>
        size="small"
        rowKey="step"
        dataSource={data.steps}
        pagination={false}
        scroll={{ x: 'max-content' }}
        locale={{ emptyText: <p className="muted none">{t('flows.nobody')}</p> }}
        columns={[
          {
            title: t('flows.step'),
            dataIndex: 'step',
            render: (step: string) => name('step', step),
          },
          { title: t('flows.came'), dataIndex: 'calls', align: 'right' },
          { title: t('flows.median'), dataIndex: 'median_ms', align: 'right', render: seconds },
          { title: t('flows.p90'), dataIndex: 'p90_ms', align: 'right', render: seconds },
          {
            title: t('flows.ways'),
            key: 'ways',
            render: (_, step) => step.ways.map(one => `${name('way', one.way)} ${one.passes}`).join(' · '),
          },
          {
            title: t('flows.gaveUp'),
            key: 'gave_up',
            align: 'right',
            render: (_, step) => (
              <span className={step.drop_off > 0.1 ? 'bad-text' : ''}>
                {step.gave_up} ({percent(step.drop_off)})
              </span>
            ),
          },
        ]}
      />
    </div>
  );
}

function Sums({ funnel }: { funnel: FunnelView }) {
  const { t } = useTranslation();
  const figures: [string, string | number, string][] = [
    [t('flows.calls'), funnel.calls, ''],
    [t('flows.containment'), percent(funnel.containment), t('flows.containmentFormula')],
    [t('flows.dropOff'), percent(funnel.drop_off), t('flows.dropOffFormula')],
    [t('flows.toPerson'), funnel.to_person, ''],
  ];
  return (
    <dl className="figures">
      {figures.map(([title, value, formula]) => (
        <div className="figure" key={title}>
          <dt>{title}</dt>
          <dd>{value}</dd>
          <small>{formula || '\u00a0'}</small>
        </div>
      ))}
    </dl>
  );
}

/** The SVG as an image: nothing in it can run, whatever its texts are. */
function Picture({ flow, day, version }: Props) {
  const { t } = useTranslation();
  const { data, error } = useQuery({
    queryKey: ['flow-picture', flow, day, version],
    queryFn: () => api.picture(flow, day, version),
  });
  const source = useMemo(
    () => (data ? `data:image/svg+xml;charset=utf-8,${encodeURIComponent(data.svg)}` : undefined),
    [data],
  );
  if (error) return <ErrorNote error={error} />;
  return (
    <div className="flow-picture">
      {source ? (
        <img src={source} alt={t('flows.picture', { flow })} data-testid="flow-picture" />
      ) : (
        <Waiting />
      )}
    </div>
  );
}

/** What is wrong with the water and where: written here, heard by the zone's callers before the menu. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Button, Popconfirm, Table } from 'antd';
import type { ColumnsType } from 'antd/es/table';
import { useTranslation } from 'react-i18next';
import * as api from '../../api/endpoints';
import { useNow } from '../../app/live';
import { useLanguage, useTimes } from '../../app/site';
import { ErrorNote } from '../../components/Errors';
import { ReadAt } from '../../components/ReadAt';
import type { IncidentList, IncidentView } from '../../wire';
import { NewIncidentForm } from './NewIncidentForm';

const AGAIN_MS = 10_000;

export default function IncidentsPage() {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: ['incidents'],
    queryFn: api.incidents,
    refetchInterval: AGAIN_MS,
  });
  const { data, error, refetch } = query;
  return (
    <div className="incidents" data-testid="incidents">
      <section className="card" aria-labelledby="incident-new">
        <h1 id="incident-new" className="page-title">
          {t('incidents.new')}
        </h1>
        <p className="muted">{t('incidents.newHint')}</p>
        <NewIncidentForm zones={data?.zones ?? []} />
      </section>
      <section className="card" aria-labelledby="incident-list">
        <h2 id="incident-list" className="page-title">
          {t('incidents.list')} <ReadAt read={query} />
        </h2>
        {error && <ErrorNote error={error} onRetry={() => void refetch()} />}
        <Table<IncidentView>
          size="small"
          rowKey="id"
          loading={!data && !error}
          dataSource={data?.items ?? []}
          columns={useColumns(data?.zones ?? [])}
          pagination={false}
          scroll={{ x: 'max-content' }}
          locale={{ emptyText: <p className="muted none">{t('incidents.none')}</p> }}
        />
      </section>
    </div>
  );
}

function useColumns(zones: IncidentList['zones']): ColumnsType<IncidentView> {
  const { t } = useTranslation();
  const times = useTimes();
  const now = useNow();
  const zh = useLanguage() === 'zh';
  const zoneName = (code: string | null) => {
    if (code === null) return t('incidents.everywhere');
    const zone = zones.find(one => one.code === code);
    return zone ? (zh ? zone.name_zh : zone.name_en) : code;
  };
  return [
    {
      title: t('incidents.kind'),
      key: 'kind',
      render: (_, { kind }) => t(`incident.${kind}`),
    },
    { title: t('incidents.zone'), dataIndex: 'zone', render: zoneName },
    {
      title: t('incidents.streets'),
      key: 'streets',
      render: (_, { streets_zh, streets_en }) => (
        <>
          <span lang="zh">{streets_zh}</span>
          <br />
          <span lang="en" className="muted">
            {streets_en}
          </span>
        </>
      ),
    },
    {
      title: t('incidents.since'),
      dataIndex: 'since',
      render: (at: string) => <span className="mono">{times.short(at, now)}</span>,
    },
    {
      title: t('incidents.until'),
      dataIndex: 'until',
      render: (at: string | null) => (
        <span className="mono">{at ? times.short(at, now) : t('incidents.unknown')}</span>
      ),
    },
    { title: t('incidents.by'), dataIndex: 'by' },
    {
      title: t('tickets.status'),
      key: 'state',
      render: (_, incident) => <State incident={incident} />,
    },
  ];
}

function State({ incident }: { incident: IncidentView }) {
  const { t } = useTranslation();
  const times = useTimes();
  const now = useNow();
  const queries = useQueryClient();
  const end = useMutation({
    mutationFn: () => api.endIncident(incident.id),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['incidents'] }),
  });
  if (incident.ended_at) {
    return <span className="tag">{t('incidents.ended', { time: times.short(incident.ended_at, now) })}</span>;
  }
  return (
    <span className="incident-state">
      <span className={`tag ${incident.spoken ? 'bad' : 'warn'}`}>
        {t(incident.spoken ? 'incidents.spoken' : 'incidents.rendering')}
      </span>
      <Popconfirm
        title={t('incidents.endSure')}
        okText={t('incidents.end')}
        cancelText={t('app.cancel')}
        onConfirm={() => end.mutate()}
      >
        <Button size="small" loading={end.isPending} data-testid="incident-end">
          {t('incidents.end')}
        </Button>
      </Popconfirm>
      {end.isError && <ErrorNote error={end.error} />}
    </span>
  );
}

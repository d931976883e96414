/** Who changed a menu, when and why, with what changed; and one button back. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Button, Popconfirm, Table } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as api from '../../api/flows';
import { useNow } from '../../app/live';
import { useTimes } from '../../app/site';
import { ErrorNote } from '../../components/Errors';
import type { FlowVersionView, FlowView } from '../../wire';
import { Difference } from './Difference';

export function Versions({ flow, admin }: { flow: FlowView; admin: boolean }) {
  const { t } = useTranslation();
  const times = useTimes();
  const now = useNow();
  const [compared, compare] = useState<number | null>(null);
  const queries = useQueryClient();
  const { data, error, refetch } = useQuery({
    queryKey: ['flow-versions', flow.flow],
    queryFn: () => api.versions(flow.flow),
  });
  const back = useMutation({
    mutationFn: (to: number) => api.back(flow.flow, to),
    onSuccess: () =>
      Promise.all(['flows', 'flow-versions'].map(key => queries.invalidateQueries({ queryKey: [key] }))),
  });
  return (
    <div className="flow-versions" data-testid="flow-versions">
      {error && <ErrorNote error={error} onRetry={() => void refetch()} />}
      {back.isError && <ErrorNote error={back.error} />}
      <p className="muted">{t('flows.versionsHint', { version: flow.version })}</p>
      <Table<FlowVersionView>
        size="small"
        rowKey="version"
        dataSource={data?.items ?? []}
        loading={!data && !error}
        pagination={false}
        locale={{ emptyText: <p className="muted none">{t('flows.neverPublished')}</p> }}
        columns={[
          { title: t('flows.version'), dataIndex: 'version' },
          {
            title: t('flows.when'),
            dataIndex: 'made_at',
            render: (at: string) => <span className="mono">{times.short(at, now)}</span>,
          },
          { title: t('flows.who'), dataIndex: 'made_by' },
          {
            title: t('flows.why'),
            key: 'why',
            render: (_, one) =>
              one.back_to === null
                ? one.comment
                : `${t('flows.backTo', { version: one.back_to })} ${one.comment}`,
          },
          {
            title: '',
            key: 'do',
            align: 'right',
            render: (_, one) =>
              one.version === flow.version ? (
                <span className="tag info">{t('flows.inUse')}</span>
              ) : (
                admin && (
                  <span className="incident-state">
                    <Button size="small" onClick={() => compare(one.version)}>
                      {t('flows.compare')}
                    </Button>
                    <Popconfirm
                      title={t('flows.backSure', { version: one.version })}
                      okText={t('flows.back')}
                      cancelText={t('app.cancel')}
                      onConfirm={() => back.mutate(one.version)}
                    >
                      <Button size="small" loading={back.isPending}>
                        {t('flows.back')}
                      </Button>
                    </Popconfirm>
                  </span>
                )
              ),
          },
        ]}
      />
      {compared !== null && <Difference flow={flow.flow} version={flow.version} against={compared} />}
    </div>
  );
}

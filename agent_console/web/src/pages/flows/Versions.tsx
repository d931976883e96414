/**
 * Who changed a menu, when and why, with what changed; and one button back. A menu that this one calls has versions of
 * its own, which new calls go through as well: so they stand in the same list.
 */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Button, Popconfirm, Table } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as api from '../../api/flows';
import { useNow } from '../../app/live';
import { useTimes } from '../../app/site';
import { useSiteNames } from '../../app/siteNames';
import { ErrorNote } from '../../components/Errors';
import { useName } from '../../i18n/useName';
import type { FlowVersionView, FlowView } from '../../wire';
import { Difference } from './Difference';

export function Versions({ flow, admin }: { flow: FlowView; admin: boolean }) {
  const { t } = useTranslation();
  const times = useTimes();
  const name = useName();
  const names = useSiteNames();
  const now = useNow();
  const [compared, compare] = useState<FlowVersionView | null>(null);
  const queries = useQueryClient();
  const { data, error, refetch } = useQuery({
    queryKey: ['flow-versions', flow.flow],
    queryFn: () => api.versions(flow.flow),
  });
  const parts = data?.parts ?? [];
  const current = (one: FlowVersionView) =>
    one.flow === flow.flow ? flow.version : (parts.find(part => part.flow === one.flow)?.version ?? 0);
  const numberOf = (version: number) =>
    version === 0 ? t('flows.shipped') : t('flows.versionOf', { version });
  const back = useMutation({
    mutationFn: (to: FlowVersionView) => api.back(to.flow, to.version),
    onSuccess: () =>
      Promise.all(
        ['flows', 'flow-versions', 'flow-picture'].map(key => queries.invalidateQueries({ queryKey: [key] })),
      ),
  });
  return (
    <div className="flow-versions" data-testid="flow-versions">
      {error && <ErrorNote error={error} onRetry={() => void refetch()} />}
      {back.isError && <ErrorNote error={back.error} />}
      <p className="muted">{t('flows.versionsHint', { version: numberOf(flow.version) })}</p>
      {parts.length > 0 && (
        <p className="muted flow-parts" data-testid="flow-parts">
          {t('flows.callsOthers')}
          {parts.map(part => (
            <span className="tag" key={part.flow}>
              {name('flow', part.flow)} · {numberOf(part.version)}
            </span>
          ))}
        </p>
      )}
      <Table<FlowVersionView>
        size="small"
        rowKey={one => `${one.flow} ${one.version}`}
        dataSource={data?.items ?? []}
        loading={!data && !error}
        pagination={false}
        locale={{ emptyText: <p className="muted none">{t('flows.neverPublished')}</p> }}
        columns={[
          { title: t('flows.flow'), dataIndex: 'flow', render: (id: string) => name('flow', id) },
          { title: t('flows.version'), dataIndex: 'version' },
          {
            title: t('flows.when'),
            dataIndex: 'made_at',
            render: (at: string) => <span className="mono">{times.short(at, now)}</span>,
          },
          { title: t('flows.who'), dataIndex: 'made_by', render: names.agent },
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
              one.version === current(one) ? (
                <span className="tag info">{t('flows.inUse')}</span>
              ) : (
                admin && (
                  <span className="incident-state">
                    <Button size="small" onClick={() => compare(one)}>
                      {t('flows.compare')}
                    </Button>
                    <Popconfirm
                      title={t('flows.backSure', { version: one.version, flow: name('flow', one.flow) })}
                      okText={t('flows.back')}
                      cancelText={t('app.cancel')}
                      onConfirm={() => back.mutate(one)}
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
      {compared !== null && (
        <Difference flow={compared.flow} version={current(compared)} against={compared.version} />
      )}
    </div>
  );
}

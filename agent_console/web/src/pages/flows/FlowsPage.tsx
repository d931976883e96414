/** The phone menus: how callers fared in one on a day, its versions, and for an administrator the way to change it. */
import { useQuery } from '@tanstack/react-query';
import { DatePicker, Select, Tabs } from 'antd';
import dayjs from 'dayjs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as api from '../../api/flows';
import { Waiting } from '../../app/App';
import { useWho } from '../../app/session';
import { useSite } from '../../app/site';
import { ErrorNote } from '../../components/Errors';
import { useName } from '../../i18n/useName';
import { dayOf, daysAfter } from '../figures/period';
import { FlowEditor } from './FlowEditor';
import { Funnel } from './Funnel';
import { Versions } from './Versions';

const ENTRY = 'water';

export default function FlowsPage() {
  const { t } = useTranslation();
  const { timezone } = useSite();
  const name = useName();
  const admin = useWho().role === 'admin';
  const today = dayOf(Date.now(), timezone);
  const [chosen, choose] = useState('');
  const [day, setDay] = useState(daysAfter(today, -1));
  const [version, setVersion] = useState('');
  const { data, error, refetch } = useQuery({ queryKey: ['flows'], queryFn: api.flows });
  const items = data?.items ?? [];
  const flow = items.find(one => one.flow === (chosen || ENTRY)) ?? items[0];
  if (error) return <ErrorNote error={error} onRetry={() => void refetch()} />;
  if (!flow) return <Waiting />;
  const tabs = [
    {
      key: 'funnel',
      label: t('flows.callers'),
      children: <Funnel flow={flow.flow} day={day} version={version} />,
    },
    { key: 'versions', label: t('flows.versions'), children: <Versions flow={flow} admin={admin} /> },
    ...(admin
      ? [
          {
            key: 'edit',
            label: t('flows.change'),
            children: <FlowEditor flow={flow} key={`${flow.flow} ${flow.version}`} />,
          },
        ]
      : []),
  ];
  return (
    <section className="card flows" aria-labelledby="flows-title" data-testid="flows">
      <div className="tickets-head">
        <h1 id="flows-title">{t('flows.title')}</h1>
        <search className="filters">
          <Select
            value={flow.flow}
            onChange={name => {
              choose(name);
              setVersion('');
            }}
            aria-label={t('flows.flow')}
            className="filter-wide"
            options={items.map(one => ({ value: one.flow, label: nameOf(one.flow, name, t) }))}
            popupMatchSelectWidth={false}
            data-testid="flows-flow"
          />
          <DatePicker
            value={dayjs(day)}
            allowClear={false}
            aria-label={t('flows.day')}
            disabledDate={one => one.format('YYYY-MM-DD') > today}
            onChange={one => one && setDay(one.format('YYYY-MM-DD'))}
          />
          <VersionFilter flow={flow.flow} value={version} onChange={setVersion} />
        </search>
      </div>
      <Tabs items={tabs} />
    </section>
  );
}

/** The name with the id that the file has; the id alone where a site's own flow has no name. */
function nameOf(
  flow: string,
  name: ReturnType<typeof useName>,
  t: ReturnType<typeof useTranslation>['t'],
): string {
  const read = name('flow', flow);
  return read === flow ? flow : t('flows.menuOf', { name: read, flow });
}

function VersionFilter(props: { flow: string; value: string; onChange: (version: string) => void }) {
  const { t } = useTranslation();
  const { data } = useQuery({
    queryKey: ['flow-versions', props.flow],
    queryFn: () => api.versions(props.flow),
  });
  return (
    <Select
      value={props.value}
      onChange={props.onChange}
      aria-label={t('flows.version')}
      className="filter"
      options={[
        { value: '', label: t('flows.allVersions') },
        ...(data?.items ?? [])
          .filter(one => one.flow === props.flow)
          .map(one => ({
            value: String(one.version),
            label: t('flows.versionOf', { version: one.version }),
          })),
        { value: '0', label: t('flows.shipped') },
      ]}
    />
  );
}

/** The figures of any day: each with its formula, what went into it, its goal, and the same weekday before. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { DatePicker, Segmented, Select } from 'antd';
import dayjs from 'dayjs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as api from '../../api/endpoints';
import { Waiting } from '../../app/App';
import { useLive } from '../../app/live';
import { useLanguage, useSite, useTimes } from '../../app/site';
import { useSiteNames } from '../../app/siteNames';
import { ErrorNote } from '../../components/Errors';
import type { KpiAnswer } from '../../wire';
import { Course } from './Course';
import { FigureCard } from './FigureCard';
import { type Days, dayOf, daysAfter, stepOf, utc, weeksBefore } from './period';

const PROFILES = ['house', 'genesys', 'amazon_connect', 'wazo', 'maryland', 'china_12345'] as const;
const AGAIN_MS = 10_000;

interface Choice {
  readonly days: Days;
  readonly profile: (typeof PROFILES)[number];
  readonly queue: string;
  readonly agent: string;
}

export default function FiguresPage() {
  const { t } = useTranslation();
  const { timezone } = useSite();
  const today = dayOf(Date.now(), timezone);
  const [choice, choose] = useState<Choice>({
    days: { first: today, last: today },
    profile: 'house',
    queue: '',
    agent: '',
  });
  const [shown, show] = useState<string>('service_level');
  const goesOn = choice.days.last >= today;
  const now = useFigures(choice, choice.days, goesOn);
  const before = useFigures(choice, weeksBefore(choice.days), false);
  const figure = now.data?.total.find(one => one.kpi === shown);
  return (
    <div className="figures-page" data-testid="figures">
      <section className="card" aria-labelledby="figures-title">
        <div className="tickets-head">
          <h1 id="figures-title">{t('figures.title')}</h1>
          <Filters choice={choice} choose={choose} today={today} />
        </div>
        <Freshness answer={now.data} />
      </section>
      {now.error && <ErrorNote error={now.error} onRetry={() => void now.refetch()} />}
      {!now.data && !now.error && <Waiting />}
      {now.data && (
        <>
          <div className="figure-cards">
            {now.data.total.map(one => (
              <FigureCard
                key={one.kpi}
                figure={one}
                before={before.data?.total.find(other => other.kpi === one.kpi)}
                chosen={one.kpi === shown}
                onChoose={() => show(one.kpi)}
              />
            ))}
          </div>
          {figure && (
            <Course figure={figure} now={now.data} before={before.data} step={stepOf(choice.days)} />
          )}
        </>
      )}
    </div>
  );
}

function useFigures({ profile, queue, agent }: Choice, days: Days, goesOn: boolean) {
  const { timezone } = useSite();
  const filter = { ...utc(days, timezone), step: stepOf(days), profile, queue, agent };
  return useQuery({
    queryKey: ['kpi', filter],
    queryFn: () => api.kpi(filter),
    placeholderData: keepPreviousData,
    refetchInterval: goesOn ? AGAIN_MS : false,
  });
}

interface FiltersProps {
  choice: Choice;
  choose: (choice: Choice) => void;
  today: string;
}

function Filters({ choice, choose, today }: FiltersProps) {
  const { t } = useTranslation();
  const queues = useLive(live => live.state.queues);
  const agents = useLive(live => live.state.agents);
  const names = useSiteNames();
  const { first, last } = choice.days;
  const quick: Record<string, Days> = {
    today: { first: today, last: today },
    yesterday: { first: daysAfter(today, -1), last: daysAfter(today, -1) },
    week: { first: daysAfter(today, -6), last: today },
  };
  const named = Object.keys(quick).find(name => quick[name]?.first === first && quick[name]?.last === last);
  return (
    <search className="filters">
      <Segmented
        value={named ?? ''}
        onChange={name => choose({ ...choice, days: quick[name] ?? choice.days })}
        options={Object.keys(quick).map(value => ({
          value,
          label: t(`figures.${value}` as 'figures.today'),
        }))}
      />
      <DatePicker.RangePicker
        aria-label={t('figures.days')}
        allowClear={false}
        value={[dayjs(first), dayjs(last)]}
        disabledDate={day => day.format('YYYY-MM-DD') > today}
        onChange={days => {
          const [from, to] = [days?.[0], days?.[1]];
          if (from && to) {
            choose({ ...choice, days: { first: from.format('YYYY-MM-DD'), last: to.format('YYYY-MM-DD') } });
          }
        }}
      />
      <Select
        value={choice.profile}
        onChange={profile => choose({ ...choice, profile })}
        aria-label={t('figures.profile')}
        title={t('figures.profileHint')}
        className="filter-wide"
        options={PROFILES.map(value => ({ value, label: t(`figures.profile_${value}`) }))}
        data-testid="figures-profile"
      />
      <Select
        value={choice.queue}
        onChange={queue => choose({ ...choice, queue })}
        aria-label={t('live.queue')}
        className="filter"
        options={[
          { value: '', label: t('figures.allQueues') },
          ...[...queues.keys()].map(value => ({ value, label: names.queue(value) })),
        ]}
      />
      <Select
        value={choice.agent}
        onChange={agent => choose({ ...choice, agent })}
        aria-label={t('tickets.agent')}
        className="filter"
        showSearch={{ optionFilterProp: 'label' }}
        options={[
          { value: '', label: t('figures.allAgents') },
          ...[...agents.values()].map(agent => ({ value: agent.id, label: agent.name })),
        ]}
      />
    </search>
  );
}

function Freshness({ answer }: { answer: KpiAnswer | undefined }) {
  const { t } = useTranslation();
  const times = useTimes();
  const language = useLanguage();
  if (!answer) return null;
  const profile = language === 'zh' ? answer.profile_zh : answer.profile_en;
  return (
    <p className="muted" data-testid="figures-fresh">
      {answer.computed_at
        ? t('figures.computed', { time: times.stamp(answer.computed_at), profile })
        : t('figures.nothing')}
    </p>
  );
}

/** What narrows the list. Typing waits a moment before it asks. */
import { SearchOutlined } from '@ant-design/icons';
import { Button, Checkbox, DatePicker, Input, Select } from 'antd';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { TicketFilter } from '../../api/endpoints';
import { useWho } from '../../app/session';
import { useSite } from '../../app/site';
import { startOfDay } from '../../format';
import type { Category, TicketStatus } from '../../wire';

export const NO_FILTER: TicketFilter = {
  q: '',
  status: '',
  task: '',
  category: '',
  agent: '',
  from: '',
  to: '',
  sort: 'newest',
};

const STATUSES: readonly TicketStatus[] = [
  'new',
  'open',
  'dispatched',
  'accepted',
  'in_progress',
  'done',
  'follow_up',
  'closed',
  'cancelled',
];
const CATEGORIES: readonly Category[] = [
  'enquiry',
  'repair',
  'complaint',
  'suggestion',
  'report',
  'service_request',
];
const SORTS = ['newest', 'oldest', 'last_changed'] as const;
const TYPING_MS = 300;

interface Props {
  filter: TicketFilter;
  onChange: (filter: TicketFilter) => void;
}

export function TicketFilters({ filter, onChange }: Props) {
  const { t } = useTranslation();
  const { timezone } = useSite();
  const who = useWho();
  const set = (part: TicketFilter) => onChange({ ...filter, ...part });
  const narrowed = Object.entries(filter).some(
    ([name, value]) => value !== NO_FILTER[name as keyof TicketFilter],
  );
  return (
    <search className="filters">
      <Search value={filter.q ?? ''} onChange={q => set({ q })} />
      <Select
        value={filter.status ?? ''}
        onChange={status => set({ status })}
        aria-label={t('tickets.status')}
        className="filter"
        options={[
          { value: '', label: t('tickets.allStatus') },
          ...STATUSES.map(value => ({ value, label: t(`status.${value}`) })),
        ]}
      />
      <Select
        value={filter.category ?? ''}
        onChange={category => set({ category })}
        aria-label={t('tickets.category')}
        className="filter"
        options={[
          { value: '', label: t('tickets.allCategory') },
          ...CATEGORIES.map(value => ({ value, label: t(`category.${value}`) })),
        ]}
      />
      <DatePicker.RangePicker
        aria-label={t('tickets.opened')}
        placeholder={[t('tickets.from'), t('tickets.to')]}
        onChange={days => {
          const [first, last] = [days?.[0], days?.[1]];
          set({
            from: first ? startOfDay(first.format('YYYY-MM-DD'), timezone) : '',
            to: last ? startOfDay(last.add(1, 'day').format('YYYY-MM-DD'), timezone) : '',
          });
        }}
      />
      <Select
        value={filter.sort ?? 'newest'}
        onChange={sort => set({ sort })}
        aria-label={t('tickets.sort')}
        className="filter"
        options={SORTS.map(value => ({ value, label: t(`tickets.sort_${value}`) }))}
      />
      <Checkbox
        checked={filter.task === 'call_back'}
        onChange={event =>
          set(event.target.checked ? { task: 'call_back', sort: 'oldest' } : { task: '', sort: 'newest' })
        }
        data-testid="tickets-to-call-back"
      >
        {t('tickets.toCallBack')}
      </Checkbox>
      {who.role === 'agent' && (
        <Checkbox
          checked={filter.agent === who.user}
          onChange={event => set({ agent: event.target.checked ? who.user : '' })}
        >
          {t('tickets.mine')}
        </Checkbox>
      )}
      {narrowed && (
        <Button type="link" onClick={() => onChange(NO_FILTER)}>
          {t('tickets.clear')}
        </Button>
      )}
    </search>
  );
}

function Search({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed.trim() === value) return;
    const timer = setTimeout(() => onChange(typed.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, value, onChange]);
  return (
    <Input
      className="filter-search"
      prefix={<SearchOutlined />}
      allowClear
      maxLength={100}
      value={typed}
      aria-label={t('tickets.search')}
      placeholder={t('tickets.search')}
      onChange={event => setTyped(event.target.value)}
      data-testid="tickets-search"
    />
  );
}

import { describe, expect, it } from 'vitest';
import { rowsOf } from '../../src/pages/figures/Course';
import { dayOf, daysAfter, stepOf, utc, weeksBefore } from '../../src/pages/figures/period';
import type { KpiAnswer, KpiFigure } from '../../src/wire';

const SHANGHAI = 'Asia/Shanghai';
const one = { first: '2026-11-25', last: '2026-11-25' };

describe('the days of a site', () => {
  it('are those of its own calendar', () => {
    const evening = Date.parse('2026-11-24T16:30:00Z');
    expect(dayOf(evening, SHANGHAI)).toBe('2026-11-25');
    expect(dayOf(evening, 'UTC')).toBe('2026-11-24');
  });
  it('begin and end at its midnight, also where a day has 23 hours', () => {
    expect(utc(one, SHANGHAI)).toEqual({ from: '2026-11-24T16:00:00.000Z', to: '2026-11-25T16:00:00.000Z' });
    expect(utc({ first: '2026-03-29', last: '2026-03-29' }, 'Europe/Berlin')).toEqual({
      from: '2026-03-28T23:00:00.000Z',
      to: '2026-03-29T22:00:00.000Z',
    });
  });
  it('go over the ends of months and years', () => {
    expect(daysAfter('2026-12-31', 1)).toBe('2027-01-01');
    expect(daysAfter('2028-03-01', -1)).toBe('2028-02-29');
  });
});

describe('what a period is compared with', () => {
  it('is the same weekdays, whole weeks before, and never overlaps', () => {
    expect(weeksBefore(one)).toEqual({ first: '2026-11-18', last: '2026-11-18' });
    expect(weeksBefore({ first: '2026-11-17', last: '2026-11-25' })).toEqual({
      first: '2026-11-03',
      last: '2026-11-11',
    });
  });
  it('is looked at by hours for two days at most', () => {
    expect(stepOf(one)).toBe('hour');
    expect(stepOf({ first: '2026-11-24', last: '2026-11-25' })).toBe('hour');
    expect(stepOf({ first: '2026-11-23', last: '2026-11-25' })).toBe('day');
  });
});

const figure = (value: number | null): KpiFigure => ({
  kpi: 'offered',
  formula: 'offered',
  unit: 'count',
  zh: '',
  en: '',
  value,
  inputs: [],
  goal: null,
  met: null,
});
const answer = (since: string, points: Record<string, number | null>): KpiAnswer => ({
  since,
  until: since,
  profile: 'house',
  profile_zh: '',
  profile_en: '',
  step: 'hour',
  target_s: 20,
  short_s: 5,
  queue: null,
  agent: null,
  computed_at: null,
  total: [],
  points: Object.entries(points).map(([at, value]) => ({ at, figures: [figure(value)] })),
});

describe('the course of a figure', () => {
  it('sets each hour beside the same hour before, and leaves out what neither counted', () => {
    const now = answer('2026-11-25T00:00:00Z', { '2026-11-25T01:00:00Z': 5, '2026-11-25T03:00:00Z': 7 });
    const before = answer('2026-11-18T00:00:00Z', { '2026-11-18T01:00:00Z': 4, '2026-11-18T02:00:00Z': 9 });
    const rows = rowsOf('offered', now, before, at => at.slice(11, 13));
    expect(rows.map(({ label, now: a, before: b }) => [label, a, b])).toEqual([
      ['01', 5, 4],
      ['02', null, 9],
      ['03', 7, null],
    ]);
  });
});

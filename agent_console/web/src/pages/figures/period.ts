/** Which days are looked at, as the site's calendar has them, and how finely. */
import { startOfDay } from '../../format';

export interface Days {
  /** The first and the last day, both in it: `2026-11-25`. */
  readonly first: string;
  readonly last: string;
}

export const DAY_MS = 86_400_000;

/** The calendar day at a moment in a time zone: `2026-11-25`. */
export function dayOf(ms: number, timeZone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(ms);
}

/** The day that is `count` days after `day`. */
export function daysAfter(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * DAY_MS).toISOString().slice(0, 10);
}

/** How many days there are. */
export function length({ first, last }: Days): number {
  return (Date.parse(last) - Date.parse(first)) / DAY_MS + 1;
}

/** The same weekdays of whole weeks before: what a day is fairly compared with. */
export function weeksBefore(days: Days): Days {
  const back = -7 * Math.ceil(length(days) / 7);
  return { first: daysAfter(days.first, back), last: daysAfter(days.last, back) };
}

/** Hours for up to two days, days for more. */
export function stepOf(days: Days): 'hour' | 'day' {
  return length(days) <= 2 ? 'hour' : 'day';
}

/** The period in UTC: from the first day's beginning to that of the day after the last. */
export function utc(days: Days, timeZone: string): { from: string; to: string } {
  return { from: startOfDay(days.first, timeZone), to: startOfDay(daysAfter(days.last, 1), timeZone) };
}

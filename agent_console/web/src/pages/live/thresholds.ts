/** When a figure is worth watching and when it is worth acting on: 60/120 s of waiting, 80/60 % of service level. */

export type Level = 'good' | 'warn' | 'bad';

export function ofWait(seconds: number | null): Level {
  if (seconds === null || seconds <= 60) return 'good';
  return seconds > 120 ? 'bad' : 'warn';
}

export function ofServiceLevel(pct: number | null): Level {
  if (pct === null || pct >= 80) return 'good';
  return pct < 60 ? 'bad' : 'warn';
}

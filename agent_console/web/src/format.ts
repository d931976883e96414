/** How values are written on screen: money from fen, clocks from times, dates in the site's time zone. */

export type Language = 'zh' | 'en';

const LOCALES: Record<Language, string> = { zh: 'zh-CN', en: 'en-GB' };
export const NO_VALUE = '—';

/** `8640` → `¥86.40`; `-1250` → `-¥12.50`. Whole fen in, nothing is rounded. */
export function money(fen: number): string {
  const whole = Math.trunc(Math.abs(fen) / 100);
  const rest = String(Math.abs(fen) % 100).padStart(2, '0');
  return `${fen < 0 ? '-' : ''}¥${whole.toLocaleString('en-US')}.${rest}`;
}

/** Seconds as a running clock: `0:07`, `12:34`, `1:02:03`. Never negative. */
export function clock(seconds: number): string {
  const total = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(total / 3600), Math.floor((total % 3600) / 60), total % 60];
  const two = (n: number) => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** Seconds from `since` to `nowMs`, or null when there is no since. */
export function secondsSince(since: string | null | undefined, nowMs: number): number | null {
  return since ? Math.max(0, (nowMs - Date.parse(since)) / 1000) : null;
}

/** Dates and times of one site in one language. Formatters are made once, they are costly. */
export class Times {
  private readonly made = new Map<string, Intl.DateTimeFormat>();

  constructor(
    private readonly language: Language,
    private readonly timeZone: string,
  ) {}

  /** `14:03:22` */
  time(at: string | number): string {
    return this.format(at, 'time', {
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
    });
  }

  /** `11-22 14:03`, with the year when it is not this one. */
  short(at: string, nowMs: number): string {
    const year = (value: string | number) => this.format(value, 'year', { year: 'numeric' });
    return year(at) === year(nowMs) ? this.stamp(at).slice(5) : this.stamp(at);
  }

  /** `2025-11-22 14:03`, the same in both languages: sorts, and cannot be misread. */
  stamp(at: string | number): string {
    return this.sv(at, 'stamp', {
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
  }

  /** A calendar date, which has no time zone: `2025-11-22` stays that day everywhere. */
  date(day: string): string {
    return day.slice(0, 10);
  }

  /** A billing period: `2025年10月`, `Oct 2025`. */
  month(day: string): string {
    const key = 'month';
    let made = this.made.get(key);
    if (!made) {
      made = new Intl.DateTimeFormat(LOCALES[this.language], {
        year: 'numeric',
        month: 'short',
        timeZone: 'UTC',
      });
      this.made.set(key, made);
    }
    return made.format(new Date(`${day.slice(0, 10)}T00:00:00Z`));
  }

  private format(at: string | number, key: string, options: Intl.DateTimeFormatOptions): string {
    return this.formatter(key, LOCALES[this.language], options).format(new Date(at));
  }

  private sv(at: string | number, key: string, options: Intl.DateTimeFormatOptions): string {
    return this.formatter(key, 'sv-SE', options).format(new Date(at));
  }

  private formatter(key: string, locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const found = this.made.get(key);
    if (found) return found;
    const made = new Intl.DateTimeFormat(locale, { ...options, timeZone: this.timeZone });
    this.made.set(key, made);
    return made;
  }
}

/** A number in groups that are easy to read aloud; anything that is not a plain number is left as it came. */
export function phoneNumber(number: string): string {
  const mobile = /^(?:\+86)?(1\d{2})(\d{4})(\d{4})$/.exec(number);
  if (mobile) return `${number.startsWith('+86') ? '+86 ' : ''}${mobile[1]} ${mobile[2]} ${mobile[3]}`;
  return number;
}

/** An account number in two groups: `1000 0019`. */
export function accountNumber(number: string): string {
  return /^\d{8}$/.test(number) ? `${number.slice(0, 4)} ${number.slice(4)}` : number;
}

/** The moment a calendar day begins in a time zone, in UTC: what "from 22 November" means at the site. */
export function startOfDay(day: string, timeZone: string): string {
  const midnightUtc = Date.parse(`${day}T00:00:00Z`);
  // Twice, because the offset at midnight there can differ from the offset at midnight UTC (summer time).
  const first = midnightUtc - offset(midnightUtc, timeZone);
  return new Date(midnightUtc - offset(first, timeZone)).toISOString();
}

/** How far a zone's wall clock is ahead of UTC at a moment, in ms. */
function offset(at: number, timeZone: string): number {
  const wall = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(
    at,
  );
  return Date.parse(`${wall.replace(' ', 'T')}Z`) - Math.floor(at / 1000) * 1000;
}

/** Running clocks. They run on the time up to which the state is known, and stand still when it isn't. */

import { useKnownNow, useNow } from '../app/live';
import { clock, secondsSince } from '../format';

export function Since({ at, testid }: { at: string | null | undefined; testid?: string }) {
  const now = useKnownNow();
  const seconds = secondsSince(at, now);
  return (
    <span className="clock" data-testid={testid}>
      {seconds === null ? '—' : clock(seconds)}
    </span>
  );
}

/** What is left until a time, counting down to 0:00. */
export function Left({ until }: { until: string }) {
  return <span className="clock">{clock((Date.parse(until) - useKnownNow()) / 1000)}</span>;
}

/** Since a moment on this computer, not the server. */
export function SinceLocal({ ms }: { ms: number }) {
  useNow();
  return <span className="clock">{clock((Date.now() - ms) / 1000)}</span>;
}

/** Performance marks that prove the order of pop, ring and answer: as `performance` entries and in `__hydrophone`. */

export type MarkName = 'pop-painted' | 'ring-started' | 'call-answered';

export interface Mark {
  readonly name: MarkName;
  /** Milliseconds since the page was opened (`performance.now()`). */
  readonly at: number;
  readonly call: string | null;
}

declare global {
  interface Window {
    __hydrophone?: { readonly marks: Mark[] };
  }
}

const MOST = 500;

export function mark(name: MarkName, call: string | null): void {
  performance.mark(name, { detail: { call } });
  window.__hydrophone ??= { marks: [] };
  const { marks } = window.__hydrophone;
  marks.push({ name, at: performance.now(), call });
  if (marks.length > MOST) marks.shift();
}

/** Call `then` once what was just rendered is on the screen; a hidden page paints nothing, so there at once. */
export function afterPaint(then: () => void): () => void {
  if (document.hidden) {
    const timer = setTimeout(then, 0);
    return () => clearTimeout(timer);
  }
  // The first frame callback runs before the paint of the commit, a task queued from it after.
  let timer: ReturnType<typeof setTimeout> | undefined;
  const frame = requestAnimationFrame(() => {
    timer = setTimeout(then, 0);
  });
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}

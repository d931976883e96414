/** The live state for the screens, with how far it can be trusted and the server's clock. */
import { useSyncExternalStore } from 'react';
import { create } from 'zustand';
import * as api from '../api/endpoints';
import { ApiError } from '../api/http';
import { PushClient, type Surroundings, type Trust, type Wire } from '../push/client';
import { after, type LiveState, NOTHING } from '../push/state';
import type { AgentView, LinkView, PushCommand } from '../wire';
import { useSession } from './session';

interface LiveStore {
  readonly state: LiveState;
  readonly trust: Trust;
  /** The server's time of the last frame, in ms; null before the first. */
  readonly frameAt: number | null;
  /** Server clock minus ours, in ms. */
  readonly skew: number;
  /** When the pop's frame arrived (`performance.now()`). */
  readonly popArrived: number;
  /** Counts the pop frames, so that the same call offered again is a new pop. */
  readonly popCount: number;
}

export const useLive = create<LiveStore>()(() => ({
  state: NOTHING,
  trust: 'closed',
  frameAt: null,
  skew: 0,
  popArrived: 0,
  popCount: 0,
}));

const around: Surroundings = {
  now: () => performance.now(),
  random: Math.random,
  after(ms, then) {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
  open: url => new WebSocket(url) as unknown as Wire,
  async ticket() {
    try {
      const { ticket, push_url } = await api.pushTicket();
      return { url: `${push_url}?ticket=${encodeURIComponent(ticket)}` };
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return { refused: true };
      throw error;
    }
  },
};

const client = new PushClient(around, {
  onFrame(frame, arrived) {
    const at = Date.parse(frame.at);
    useLive.setState(live => {
      const state = after(live.state, frame, me());
      const popped =
        frame.type === 'pop' || (frame.type === 'snapshot' && frame.pop?.call_id !== live.state.pop?.call_id);
      return {
        state,
        frameAt: at,
        skew: at - Date.now(),
        ...(popped ? { popArrived: arrived, popCount: live.popCount + 1 } : {}),
      };
    });
  },
  onTrust(trust) {
    useLive.setState({ trust });
    if (trust === 'logged_out') useSession.getState().expired();
  },
});

export const startPush = (): void => client.start();
export const tellServer = (command: PushCommand): void => client.send(command);

export function stopPush(): void {
  client.stop();
  useLive.setState({ state: NOTHING, frameAt: null, trust: 'closed' });
}

window.addEventListener('online', () => client.retryNow());
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) client.retryNow();
});

function me(): string | null {
  const state = useSession.getState().state;
  return state.kind === 'somebody' ? state.session.user : null;
}

/** The agent who is logged in, as the server sees them. */
export function useMe(): AgentView | null {
  const id = useSession(store => (store.state.kind === 'somebody' ? store.state.session.user : ''));
  return useLive(live => live.state.agents.get(id) ?? null);
}

// ---------------------------------------------------------------- what can be believed

export type Doubt =
  | { readonly kind: 'none' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'stale'; readonly since: number | null }
  | { readonly kind: 'replaced' }
  | { readonly kind: 'pbx'; readonly link: LinkView };

/** Say why what is shown may be wrong. Until when it was right is `since`, or the link's. */
export function doubtOf(live: Pick<LiveStore, 'trust' | 'frameAt' | 'state'>): Doubt {
  if (live.trust === 'replaced') return { kind: 'replaced' };
  if (live.frameAt === null)
    return live.trust === 'stale' ? { kind: 'stale', since: null } : { kind: 'starting' };
  if (live.trust !== 'live' && live.trust !== 'gap') return { kind: 'stale', since: live.frameAt };
  const down = [...live.state.links.values()].find(link => !link.up);
  return down ? { kind: 'pbx', link: down } : { kind: 'none' };
}

let cached: { of: unknown[]; doubt: Doubt } | null = null;

export function useDoubt(): Doubt {
  return useLive(live => {
    const of = [
      live.trust,
      live.trust === 'live' || live.trust === 'gap' ? live.frameAt === null : live.frameAt,
      live.state.links,
    ];
    if (cached?.of.every((part, i) => part === of[i])) return cached.doubt;
    cached = { of, doubt: doubtOf(live) };
    return cached.doubt;
  });
}

// ---------------------------------------------------------------- one clock for all

const TICK_MS = 500;
const tickers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let tick = Date.now();

function subscribe(listener: () => void): () => void {
  tickers.add(listener);
  timer ??= setInterval(() => {
    tick = Date.now();
    for (const each of tickers) each();
  }, TICK_MS);
  return () => {
    tickers.delete(listener);
    if (tickers.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The server's time now, in ms; changes twice a second. */
export function useNow(): number {
  const local = useSyncExternalStore(subscribe, () => tick);
  return local + useLive(live => live.skew);
}

/** The time up to which the state is known: now, or when it stopped being known. Clocks of calls run on this one. */
export function useKnownNow(): number {
  const now = useNow();
  const doubt = useDoubt();
  if (doubt.kind === 'stale') return doubt.since ?? now;
  if (doubt.kind === 'pbx') return Date.parse(doubt.link.since);
  return now;
}

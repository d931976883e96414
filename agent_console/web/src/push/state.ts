/** The live state as this browser knows it: pure functions from one state and one frame to the next. */
import type {
  AgentView,
  CallView,
  LinkView,
  Pop,
  Push,
  QueueView,
  RoutingStatus,
  Snapshot,
  Upsert,
} from '../wire';

export interface LiveState {
  readonly links: ReadonlyMap<string, LinkView>;
  readonly calls: ReadonlyMap<string, CallView>;
  readonly agents: ReadonlyMap<string, AgentView>;
  readonly queues: ReadonlyMap<string, QueueView>;
  readonly pop: Pop | null;
}

export const NOTHING: LiveState = {
  links: new Map(),
  calls: new Map(),
  agents: new Map(),
  queues: new Map(),
  pop: null,
};

const BUSY: ReadonlySet<RoutingStatus> = new Set(['ringing', 'on_call', 'wrap_up']);

/** Return the state after `frame`, as the user `me` sees it. A snapshot replaces everything. */
export function after(state: LiveState, frame: Push, me: string | null): LiveState {
  switch (frame.type) {
    case 'snapshot':
      return ofSnapshot(frame);
    case 'upsert':
      return withUpsert(state, frame, me);
    case 'pop':
      return { ...state, pop: frame.pop };
    case 'pop_withdrawn':
      return state.pop?.call_id === frame.call_id ? { ...state, pop: null } : state;
    default:
      return state;
  }
}

function ofSnapshot(frame: Snapshot): LiveState {
  const agents = frame.me === null ? frame.live.agents : [...frame.live.agents, frame.me];
  return {
    links: by(frame.live.links, link => link.pbx),
    calls: by(frame.live.calls, call => call.id),
    agents: by(agents, agent => agent.id),
    queues: by(frame.live.queues, queue => queue.name),
    pop: frame.pop,
  };
}

function withUpsert(state: LiveState, frame: Upsert, me: string | null): LiveState {
  const agents = merged(state.agents, frame.agents ?? [], agent => agent.id);
  const calls = merged(state.calls, frame.calls ?? [], call => call.id);
  return {
    ...state,
    links: merged(state.links, frame.links ?? [], link => link.pbx),
    calls: without(calls, frame.gone_calls ?? []),
    agents,
    queues: merged(state.queues, frame.queues ?? [], queue => queue.name),
    pop: caseIsOver(state, agents, me) ? null : state.pop,
  };
}

/** The pop stays through call and wrap-up; it goes when its agent has turned from those to anything else. */
function caseIsOver(state: LiveState, agents: ReadonlyMap<string, AgentView>, me: string | null): boolean {
  const [was, is] = [state.agents.get(me ?? ''), agents.get(me ?? '')];
  return was !== undefined && is !== undefined && BUSY.has(was.routing) && !BUSY.has(is.routing);
}

function by<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, T> {
  return new Map(items.map(item => [key(item), item]));
}

function merged<T>(
  map: ReadonlyMap<string, T>,
  items: readonly T[],
  key: (item: T) => string,
): ReadonlyMap<string, T> {
  if (items.length === 0) return map;
  const next = new Map(map);
  for (const item of items) next.set(key(item), item);
  return next;
}

function without<T>(map: ReadonlyMap<string, T>, gone: readonly string[]): ReadonlyMap<string, T> {
  if (gone.length === 0) return map;
  const next = new Map(map);
  for (const id of gone) next.delete(id);
  return next;
}

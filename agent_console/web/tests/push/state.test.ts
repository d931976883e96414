import { describe, expect, it } from 'vitest';
import * as data from '../../mock/data';
import { after, type LiveState, NOTHING } from '../../src/push/state';
import type { AgentView, Push } from '../../src/wire';

const frame = (part: object): Push => ({ seq: 1, at: '2026-11-22T05:00:00Z', ...part }) as Push;
const upsert = (part: object): Push =>
  frame({ type: 'upsert', links: [], calls: [], agents: [], queues: [], gone_calls: [], ...part });
const snapshot = (part: object = {}): Push =>
  frame({
    type: 'snapshot',
    live: { at: '', links: [data.link(true)], calls: data.calls(), agents: [], queues: [data.queue()] },
    me: data.me(),
    pop: null,
    ...part,
  });
const me = (routing: AgentView['routing']): Push => upsert({ agents: [data.me({ routing })] });
const all = (...frames: Push[]): LiveState =>
  frames.reduce((state, each) => after(state, each, 'agent1'), NOTHING);

describe('the live state', () => {
  it('is what the snapshot says, oneself included', () => {
    const state = all(snapshot());
    expect(state.calls.size).toBe(data.calls().length);
    expect([...state.agents.keys()]).toEqual(['agent1']);
  });

  it('forgets what a new snapshot does not hold', () => {
    const empty = snapshot({ live: { at: '', links: [], calls: [], agents: [], queues: [] }, me: null });
    expect(all(snapshot(), empty).calls.size).toBe(0);
  });

  it('takes whole values by id and lets gone calls go', () => {
    const [first, second] = data.calls();
    if (!first || !second) throw new Error('the mock has calls');
    const state = all(
      snapshot(),
      upsert({ calls: [{ ...first, stage: 'talking' }], gone_calls: [second.id] }),
    );
    expect(state.calls.get(first.id)?.stage).toBe('talking');
    expect(state.calls.has(second.id)).toBe(false);
  });

  it('by deltas equals the snapshot of the same', () => {
    const calls = data.calls();
    const one = all(snapshot({ live: { at: '', links: [], calls, agents: [], queues: [] } }));
    const bare = snapshot({ live: { at: '', links: [], calls: [], agents: [], queues: [] } });
    const other = all(bare, ...calls.map(call => upsert({ calls: [call] })));
    expect(other.calls).toEqual(one.calls);
  });

  it('keeps the pop through ringing, talking and wrap-up, and drops it after', () => {
    const pop = frame({ type: 'pop', pop: data.pop() });
    const busy = [me('ringing'), me('on_call'), me('wrap_up')];
    expect(all(snapshot(), pop, ...busy).pop).not.toBeNull();
    expect(all(snapshot(), pop, ...busy, me('idle')).pop).toBeNull();
  });

  it('keeps a pop that came while the agent is still idle', () => {
    expect(all(snapshot(), frame({ type: 'pop', pop: data.pop() }), me('idle')).pop).not.toBeNull();
  });

  it('withdraws only the pop that is meant', () => {
    const pop = frame({ type: 'pop', pop: data.pop() });
    expect(all(snapshot(), pop, frame({ type: 'pop_withdrawn', call_id: 'other' })).pop).not.toBeNull();
    expect(all(snapshot(), pop, frame({ type: 'pop_withdrawn', call_id: data.CALL })).pop).toBeNull();
  });

  it('is not changed by a heartbeat', () => {
    const state = all(snapshot());
    expect(after(state, frame({ type: 'heartbeat' }), 'agent1')).toBe(state);
  });
});

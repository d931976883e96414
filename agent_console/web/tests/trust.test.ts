import { describe, expect, it } from 'vitest';
import * as data from '../mock/data';
import { doubtOf } from '../src/app/live';
import { inOrder } from '../src/pages/live/CallerTable';
import { ofServiceLevel, ofWait } from '../src/pages/live/thresholds';
import { NOTHING } from '../src/push/state';

const with_ = (up: boolean) => ({ ...NOTHING, links: new Map([['main', data.link(up)]]) });

describe('a screen', () => {
  it('is believed while frames come and each PBX is seen', () => {
    expect(doubtOf({ trust: 'live', frameAt: 5, state: with_(true) })).toEqual({ kind: 'none' });
    expect(doubtOf({ trust: 'gap', frameAt: 5, state: with_(true) })).toEqual({ kind: 'none' });
  });

  it('is doubted from the last frame on when none come any more', () => {
    for (const trust of ['stale', 'closed', 'connecting'] as const) {
      expect(doubtOf({ trust, frameAt: 5, state: with_(true) })).toEqual({ kind: 'stale', since: 5 });
    }
  });

  it('is doubted when a PBX is not seen, however well the push channel works', () => {
    expect(doubtOf({ trust: 'live', frameAt: 5, state: with_(false) })).toMatchObject({ kind: 'pbx' });
  });

  it('says that it was never right rather than since when it is wrong', () => {
    expect(doubtOf({ trust: 'connecting', frameAt: null, state: NOTHING })).toEqual({ kind: 'starting' });
    expect(doubtOf({ trust: 'stale', frameAt: null, state: NOTHING })).toEqual({
      kind: 'stale',
      since: null,
    });
  });

  it('that was replaced says so above all', () => {
    expect(doubtOf({ trust: 'replaced', frameAt: 5, state: with_(false) })).toEqual({ kind: 'replaced' });
  });
});

describe('the wallboard', () => {
  it('warns after 60 s of waiting and alarms after 120 s', () => {
    expect([null, 60, 61, 120, 121].map(ofWait)).toEqual(['good', 'good', 'warn', 'warn', 'bad']);
  });

  it('warns below 80 % of service level and alarms below 60 %', () => {
    expect([null, 80, 79.9, 60, 59.9].map(ofServiceLevel)).toEqual(['good', 'good', 'warn', 'warn', 'bad']);
  });

  it('shows who waits longest first, then the menu, then conversations', () => {
    const calls = inOrder(data.calls().toReversed());
    expect(calls.slice(0, 3).map(call => call.position)).toEqual([1, 2, 3]);
    expect(calls.slice(3, 5).map(call => call.stage)).toEqual(['in_ivr', 'in_ivr']);
    expect(
      calls
        .slice(5)
        .map(call => call.stage)
        .sort(),
    ).toEqual(['on_hold', 'talking']);
  });
});

import { beforeEach, describe, expect, it } from 'vitest';
import {
  PushClient,
  SNAPSHOT_DEADLINE_MS,
  STALE_AFTER_MS,
  type Trust,
  type Wire,
} from '../../src/push/client';
import type { Push } from '../../src/wire';
import { Time } from '../time';

class Socket implements Wire {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  sent: string[] = [];
  closed = false;
  constructor(readonly url: string) {}
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.closed = true;
  }
  says(frame: object): void {
    this.onmessage?.({ data: JSON.stringify({ at: '2026-11-22T05:00:00Z', ...frame }) });
  }
}

let time: Time;
let sockets: Socket[];
let frames: Push[];
let trust: Trust[];
let ticket: () => Promise<{ url: string } | { refused: true }>;
let client: PushClient;

const socket = (): Socket => {
  const last = sockets.at(-1);
  if (!last) throw new Error('no connection was opened');
  return last;
};
const turn = () => new Promise<void>(done => setImmediate(done));
const SNAPSHOT = { type: 'snapshot', live: {}, me: null, pop: null };

async function connected(): Promise<void> {
  client.start();
  await turn();
  socket().says({ seq: 1, ...SNAPSHOT });
}

beforeEach(() => {
  time = new Time();
  sockets = [];
  frames = [];
  trust = [];
  let n = 0;
  ticket = () => Promise.resolve({ url: `ws://x/?ticket=${++n}` });
  client = new PushClient(
    {
      now: () => time.now,
      random: () => 0,
      after: time.after,
      open: url => {
        const made = new Socket(url);
        sockets.push(made);
        return made;
      },
      ticket: () => ticket(),
    },
    { onFrame: frame => frames.push(frame), onTrust: now => trust.push(now) },
  );
});

describe('a push channel', () => {
  it('is live only once the snapshot is there', async () => {
    client.start();
    await turn();
    expect(trust).toEqual(['connecting']);
    socket().says({ seq: 1, ...SNAPSHOT });
    expect(trust).toEqual(['connecting', 'live']);
  });

  it('uses a fresh ticket for each connection', async () => {
    await connected();
    socket().onclose?.();
    time.pass(20_000);
    await turn();
    expect(sockets.map(each => each.url)).toEqual(['ws://x/?ticket=1', 'ws://x/?ticket=2']);
  });

  it('delivers what follows in order', async () => {
    await connected();
    socket().says({ seq: 2, type: 'upsert' });
    socket().says({ seq: 3, type: 'heartbeat' });
    expect(frames.map(frame => frame.seq)).toEqual([1, 2, 3]);
    expect(trust.at(-1)).toBe('live');
  });

  it('asks for a snapshot on a gap, and applies no delta until it is there', async () => {
    await connected();
    socket().says({ seq: 4, type: 'upsert' });
    socket().says({ seq: 5, type: 'upsert' });
    expect(socket().sent).toEqual(['{"type":"resync"}']);
    expect(frames.map(frame => frame.seq)).toEqual([1]);
    expect(trust.at(-1)).toBe('gap');
    socket().says({ seq: 6, ...SNAPSHOT });
    socket().says({ seq: 7, type: 'upsert' });
    expect(frames.map(frame => frame.seq)).toEqual([1, 6, 7]);
    expect(trust.at(-1)).toBe('live');
  });

  it('takes a repeated or earlier number for a gap as well', async () => {
    await connected();
    socket().says({ seq: 1, type: 'upsert' });
    expect(trust.at(-1)).toBe('gap');
  });

  it('shows a pop even in a gap: it is a whole value, and the phone is about to ring', async () => {
    await connected();
    socket().says({ seq: 3, type: 'pop', pop: { call_id: 'c' } });
    expect(frames.at(-1)).toMatchObject({ type: 'pop' });
    expect(socket().sent).toEqual(['{"type":"resync"}']);
  });

  it.each([
    ['not json', '{'],
    ['no sequence number', '{"type":"upsert"}'],
    ['binary', new ArrayBuffer(2)],
  ])('resyncs on a frame that is %s', async (_, data) => {
    await connected();
    socket().onmessage?.({ data });
    expect(socket().sent).toEqual(['{"type":"resync"}']);
  });

  it('connects anew when a resync is not answered', async () => {
    await connected();
    socket().says({ seq: 9, type: 'heartbeat' });
    time.pass(SNAPSHOT_DEADLINE_MS);
    expect(trust.at(-1)).toBe('stale');
    expect(sockets[0]?.closed).toBe(true);
    time.pass(1_000);
    await turn();
    expect(sockets).toHaveLength(2);
  });

  it('says so when nothing was heard for 12 s, and connects anew', async () => {
    await connected();
    time.pass(STALE_AFTER_MS - 1);
    expect(trust.at(-1)).toBe('live');
    time.pass(1);
    expect(trust.at(-1)).toBe('stale');
    time.pass(500);
    await turn();
    socket().says({ seq: 1, ...SNAPSHOT });
    expect(trust.at(-1)).toBe('live');
  });

  it('stays live on heartbeats alone', async () => {
    await connected();
    for (let seq = 2; seq < 20; seq++) {
      time.pass(5_000);
      socket().says({ seq, type: 'heartbeat' });
    }
    expect(trust.at(-1)).toBe('live');
  });

  it('waits longer after each failure, at most 15 s, and starts over after a success', async () => {
    ticket = () => Promise.reject(new Error('down'));
    client.start();
    await turn();
    const waits: number[] = [];
    for (let n = 0; n < 8; n++) {
      let waited = 0;
      const before = n;
      let asked = false;
      ticket = () => {
        asked = true;
        return Promise.reject(new Error('down'));
      };
      while (!asked && waited < 60_000) {
        time.pass(50);
        waited += 50;
      }
      await turn();
      waits[before] = waited;
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 7500, 7500, 7500]);
  });

  it('tries at once when the network is back', async () => {
    await connected();
    socket().onclose?.();
    client.retryNow();
    await turn();
    expect(sockets).toHaveLength(2);
  });

  it('does not open a second connection on being told the network is back while it has one', async () => {
    await connected();
    client.retryNow();
    await turn();
    expect(sockets).toHaveLength(1);
  });

  it('lets go for good when a newer console took over, until told to take it back', async () => {
    await connected();
    socket().says({ seq: 2, type: 'replaced' });
    expect(trust.at(-1)).toBe('replaced');
    expect(socket().closed).toBe(true);
    expect(time.pending).toBe(0);
    client.start();
    await turn();
    expect(sockets).toHaveLength(2);
  });

  it('says that the session is over when no ticket is given for it', async () => {
    ticket = () => Promise.resolve({ refused: true });
    client.start();
    await turn();
    expect(trust.at(-1)).toBe('logged_out');
    expect(time.pending).toBe(0);
  });

  it('ignores what an abandoned connection still says', async () => {
    await connected();
    const old = socket();
    old.onclose?.();
    client.retryNow();
    await turn();
    const count = frames.length;
    old.says({ seq: 2, type: 'upsert' });
    old.onclose?.();
    expect(frames).toHaveLength(count);
    expect(socket()).not.toBe(old);
  });

  it('leaves no timer behind when stopped', async () => {
    await connected();
    client.stop();
    expect(time.pending).toBe(0);
    expect(socket().closed).toBe(true);
    expect(trust.at(-1)).toBe('closed');
  });

  it('does not connect when stopped while it waited for its ticket', async () => {
    client.start();
    client.stop();
    await turn();
    expect(sockets).toHaveLength(0);
  });
});

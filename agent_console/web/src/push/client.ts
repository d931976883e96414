/**
 * The push channel: keeps one connection, checks that no frame was missed, and says how far it can be trusted.
 *
 * It knows nothing of React or of what is in a frame beyond `seq`, `at` and `type`; what the frames mean is the affair
 * of `state.ts`. Clock, timers, randomness, socket and ticket come in as arguments, so that tests need no network.
 */
import type { Push, PushCommand } from '../wire';

/** The server sends at least a heartbeat each 5 s; two and a bit missed means we no longer know. */
export const STALE_AFTER_MS = 12_000;
/** A connection without a snapshot, or a resync without its answer, is given up after this. */
export const SNAPSHOT_DEADLINE_MS = 8_000;
export const BACKOFF_FIRST_MS = 500;
export const BACKOFF_MOST_MS = 15_000;

/** How far the screen can be trusted: `live` is the truth, all others say why it may not be. */
export type Trust = 'connecting' | 'live' | 'gap' | 'stale' | 'replaced' | 'logged_out' | 'closed';

/** The part of a WebSocket that is used. */
export interface Wire {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
}

export interface Surroundings {
  /** Milliseconds that only go forward. */
  now(): number;
  random(): number;
  after(ms: number, then: () => void): () => void;
  open(url: string): Wire;
  /** Fetch a one-time ticket; `refused` when there is no session any more. */
  ticket(): Promise<{ url: string } | { refused: true }>;
}

export interface Listener {
  onFrame(frame: Push, arrivedMs: number): void;
  onTrust(trust: Trust): void;
}

export class PushClient {
  private trust: Trust = 'closed';
  private socket: Wire | null = null;
  private expected: number | null = null;
  private attempts = 0;
  private generation = 0;
  private stopWatch: (() => void) | null = null;
  private stopRetry: (() => void) | null = null;
  private stopDeadline: (() => void) | null = null;

  constructor(
    private readonly around: Surroundings,
    private readonly listener: Listener,
  ) {}

  /** Connect, and stay connected until {@link stop}. Also what "use this window" does after `replaced`. */
  start(): void {
    this.drop();
    this.attempts = 0;
    this.say('connecting');
    void this.connect();
  }

  /** Close for good. */
  stop(): void {
    this.drop();
    this.say('closed');
  }

  /** Try at once instead of waiting, for example when the network is said to be back. */
  retryNow(): void {
    if (this.stopRetry === null) return;
    this.stopRetry();
    this.stopRetry = null;
    void this.connect();
  }

  /** Say something to the server; lost if there is no connection, which the next snapshot makes good. */
  send(command: PushCommand): void {
    this.socket?.send(JSON.stringify(command));
  }

  private async connect(): Promise<void> {
    const generation = ++this.generation;
    const answer = await this.around.ticket().catch(() => null);
    if (generation !== this.generation) return;
    if (answer === null) return this.retryLater();
    if ('refused' in answer) {
      this.drop();
      return this.say('logged_out');
    }
    this.listen(this.around.open(answer.url));
  }

  private listen(socket: Wire): void {
    this.socket = socket;
    this.expected = null;
    this.expectSnapshot();
    socket.onmessage = event => {
      if (socket === this.socket) this.receive(event.data);
    };
    socket.onclose = () => {
      if (socket === this.socket) this.lost();
    };
  }

  private receive(data: unknown): void {
    const frame = readFrame(data);
    if (frame === null) return this.resync();
    this.watch();
    if (frame.type === 'snapshot') return this.onSnapshot(frame);
    if (frame.type === 'replaced') {
      this.drop();
      return this.say('replaced');
    }
    if (frame.seq !== this.expected) this.resync();
    else this.expected = frame.seq + 1;
    // A pop is a whole value and urgent: it counts even in a gap. Deltas don't, the snapshot will hold them.
    if (this.trust === 'live' || frame.type === 'pop') this.deliver(frame);
  }

  private onSnapshot(frame: Push): void {
    this.stopDeadline?.();
    this.stopDeadline = null;
    this.attempts = 0;
    this.expected = frame.seq + 1;
    this.deliver(frame);
    this.say('live');
  }

  private deliver(frame: Push): void {
    this.listener.onFrame(frame, this.around.now());
  }

  private resync(): void {
    if (this.trust === 'gap' || this.expected === null) return;
    this.say('gap');
    this.expectSnapshot();
    this.send({ type: 'resync' });
  }

  private expectSnapshot(): void {
    this.stopDeadline?.();
    this.stopDeadline = this.around.after(SNAPSHOT_DEADLINE_MS, () => this.lost());
  }

  private watch(): void {
    this.stopWatch?.();
    this.stopWatch = this.around.after(STALE_AFTER_MS, () => this.lost());
  }

  private lost(): void {
    this.drop();
    this.say('stale');
    this.retryLater();
  }

  private retryLater(): void {
    if (this.trust !== 'stale') this.say('stale');
    const most = Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** this.attempts++);
    // Between half and all of it: consoles that were cut off together don't come back together.
    const wait = most / 2 + (this.around.random() * most) / 2;
    this.stopRetry = this.around.after(wait, () => {
      this.stopRetry = null;
      void this.connect();
    });
  }

  private drop(): void {
    this.generation++;
    for (const stop of [this.stopWatch, this.stopRetry, this.stopDeadline]) stop?.();
    this.stopWatch = this.stopRetry = this.stopDeadline = null;
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  private say(trust: Trust): void {
    if (trust === this.trust) return;
    this.trust = trust;
    this.listener.onTrust(trust);
  }
}

function readFrame(data: unknown): Push | null {
  if (typeof data !== 'string') return null;
  try {
    const frame = JSON.parse(data) as Partial<Push>;
    return typeof frame.seq === 'number' && typeof frame.type === 'string' ? (frame as Push) : null;
  } catch {
    return null;
  }
}

/**
 * Pop before ring: a phone that is being called stays silent until the caller's data is on the screen, at most
 * {@link WAIT_FOR_POP_MS}. Then it rings without, and says so.
 *
 * A table and two facts (is a pop painted, has it rung); what rings and what paints is the affair of others.
 */

export const WAIT_FOR_POP_MS = 1_000;

export type GateState = 'quiet' | 'waiting' | 'ringing';

export interface GateListener {
  onRing(withPop: boolean): void;
  onSilence(): void;
}

export class RingGate {
  private state: GateState = 'quiet';
  private painted: string | null = null;
  private used: string | null = null;
  private stopWaiting: (() => void) | null = null;

  constructor(
    private readonly after: (ms: number, then: () => void) => () => void,
    private readonly listener: GateListener,
  ) {}

  /** The pop of this call is on the screen. */
  popPainted(callId: string): void {
    this.painted = callId;
    if (this.state === 'waiting') this.ring(true);
  }

  /** The offer is over or the pop was taken away: it says nothing about the next call. */
  popGone(): void {
    this.painted = null;
  }

  /** An INVITE arrived. */
  invited(): void {
    if (this.state !== 'quiet') return;
    if (this.painted !== null && this.painted !== this.used) return this.ring(true);
    this.state = 'waiting';
    this.stopWaiting = this.after(WAIT_FOR_POP_MS, () => this.ring(false));
  }

  /** The call was answered, or is gone. */
  over(): void {
    this.stopWaiting?.();
    this.stopWaiting = null;
    if (this.state === 'quiet') return;
    this.state = 'quiet';
    this.used = this.painted;
    this.listener.onSilence();
  }

  /** The same call is offered again: its pop counts again once painted. */
  offeredAgain(callId: string): void {
    if (this.used === callId) this.used = null;
    if (this.painted === callId) this.painted = null;
  }

  private ring(withPop: boolean): void {
    this.stopWaiting?.();
    this.stopWaiting = null;
    this.state = 'ringing';
    this.listener.onRing(withPop);
  }
}

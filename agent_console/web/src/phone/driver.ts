/** What a softphone can do and what it reports. `sip.ts` is the real one; the mock has another. */
import type { SipPhone } from '../wire';

export type Registration = 'off' | 'connecting' | 'registered' | 'failed';
export type Ending =
  | 'normal'
  | 'canceled'
  | 'no_answer'
  | 'media'
  | 'network'
  | 'rejected'
  | 'busy'
  | 'failed';

export interface PhoneEvents {
  onRegistration(registration: Registration): void;
  /** Somebody calls us. */
  onInvite(): void;
  /** Our own call rings over there. */
  onProgress(): void;
  onTalking(): void;
  onEnded(ending: Ending): void;
  onMuted(muted: boolean): void;
  onHeld(held: boolean): void;
  /** The other side's sound has arrived. */
  onSound(stream: MediaStream): void;
}

export interface PhoneDriver {
  start(phone: SipPhone, events: PhoneEvents): void;
  stop(): void;
  answer(): void;
  hangUp(): void;
  setMuted(muted: boolean): void;
  setHeld(held: boolean): void;
  dial(target: string): void;
  /** Send one key as RFC 4733 telephone-event. */
  key(digit: string): void;
}

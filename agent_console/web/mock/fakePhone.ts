/** A phone without a PBX, for looking at pages. `window.__mockPhone` makes it ring, answer and hang up. */
import type { PhoneDriver, PhoneEvents } from '../src/phone/driver';
import type { SipPhone } from '../src/wire';

export class FakeDriver implements PhoneDriver {
  private events: PhoneEvents | null = null;

  start(_phone: SipPhone, events: PhoneEvents): void {
    this.events = events;
    Object.assign(window, {
      __mockPhone: { invite: () => events.onInvite(), end: () => events.onEnded('normal') },
    });
    setTimeout(() => events.onRegistration('registered'), 50);
  }

  stop(): void {
    this.events?.onRegistration('off');
  }

  answer(): void {
    setTimeout(() => this.events?.onTalking(), 50);
  }

  hangUp(): void {
    this.events?.onEnded('normal');
  }

  setMuted(muted: boolean): void {
    this.events?.onMuted(muted);
  }

  setHeld(held: boolean): void {
    this.events?.onHeld(held);
  }

  dial(): void {
    setTimeout(() => this.events?.onTalking(), 100);
  }

  key(): void {
    // Nobody listens.
  }
}

import { beforeEach, describe, expect, it } from 'vitest';
import type { PhoneDriver, PhoneEvents } from '../../src/phone/driver';
import { WAIT_FOR_POP_MS } from '../../src/phone/ringGate';
import { AgentPhone, usePhone } from '../../src/phone/store';
import { Time } from '../time';

class Driver implements PhoneDriver {
  events!: PhoneEvents;
  orders: string[] = [];
  start(_: unknown, events: PhoneEvents): void {
    this.events = events;
  }
  stop(): void {
    this.orders.push('stop');
  }
  answer(): void {
    this.orders.push('answer');
  }
  hangUp(): void {
    this.orders.push('hang up');
  }
  setMuted(muted: boolean): void {
    this.events.onMuted(muted);
  }
  setHeld(held: boolean): void {
    this.events.onHeld(held);
  }
  dial(): void {}
  key(): void {}
}

class Bell {
  blocked = false;
  rings = 0;
  ringing = false;
  prepare(): Promise<void> {
    return Promise.resolve();
  }
  start(): void {
    this.rings++;
    this.ringing = true;
  }
  stop(): void {
    this.ringing = false;
  }
}

let time: Time;
let driver: Driver;
let bell: Bell;
let phone: AgentPhone;
const marks = () => (window.__hydrophone?.marks ?? []).map(mark => `${mark.name} ${mark.call}`);

beforeEach(() => {
  time = new Time();
  driver = new Driver();
  bell = new Bell();
  phone = new AgentPhone(driver, bell, time.after);
  phone.start({ uri: 'sip:1001@x', password: 'x', ws_url: 'ws://x', display_name: 'x' });
  delete window.__hydrophone;
});

describe('the ring', () => {
  it('comes at once when the pop is painted already', () => {
    phone.popArrived('a');
    phone.popPainted('a');
    driver.events.onInvite();
    expect(bell.ringing).toBe(true);
    expect(usePhone.getState().call).toMatchObject({ state: 'ringing', withPop: true });
  });

  it('waits for the pop to be painted', () => {
    driver.events.onInvite();
    phone.popArrived('a');
    time.pass(400);
    expect(bell.ringing).toBe(false);
    expect(usePhone.getState().call?.state).toBe('silent');
    phone.popPainted('a');
    expect(bell.ringing).toBe(true);
    expect(marks()).toEqual(['pop-painted a', 'ring-started a']);
  });

  it('comes after one second without a pop, and says that data is missing', () => {
    driver.events.onInvite();
    time.pass(WAIT_FOR_POP_MS - 1);
    expect(bell.ringing).toBe(false);
    time.pass(1);
    expect(bell.ringing).toBe(true);
    expect(usePhone.getState().call?.withPop).toBe(false);
  });

  it('does not take the pop of the call before for this one', () => {
    phone.popPainted('a');
    driver.events.onInvite();
    driver.events.onTalking();
    driver.events.onEnded('normal');
    driver.events.onInvite();
    expect(bell.ringing).toBe(false);
    phone.popPainted('b');
    expect(bell.ringing).toBe(true);
  });

  it('does not take a withdrawn pop for this one', () => {
    phone.popPainted('a');
    phone.popGone();
    driver.events.onInvite();
    expect(bell.ringing).toBe(false);
  });

  it('comes again when the same call is offered again', () => {
    phone.popPainted('a');
    driver.events.onInvite();
    driver.events.onEnded('canceled');
    phone.popArrived('a');
    phone.popPainted('a');
    driver.events.onInvite();
    expect(bell.rings).toBe(2);
    expect(usePhone.getState().call?.withPop).toBe(true);
  });

  it('ends when the agent answers', () => {
    phone.popPainted('a');
    driver.events.onInvite();
    phone.answer();
    expect(bell.ringing).toBe(false);
    expect(driver.orders).toEqual(['answer']);
    driver.events.onTalking();
    expect(marks()).toEqual(['pop-painted a', 'ring-started a', 'call-answered a']);
  });

  it('ends when the caller hangs up, and never starts after that', () => {
    driver.events.onInvite();
    driver.events.onEnded('canceled');
    time.pass(WAIT_FOR_POP_MS * 2);
    phone.popPainted('a');
    expect(bell.rings).toBe(0);
    expect(usePhone.getState()).toMatchObject({ call: null, ending: 'canceled' });
    expect(time.pending).toBe(0);
  });

  it('can be answered before the pop is there', () => {
    driver.events.onInvite();
    phone.answer();
    phone.popPainted('a');
    time.pass(WAIT_FOR_POP_MS);
    expect(bell.rings).toBe(0);
    expect(driver.orders).toEqual(['answer']);
  });

  it('is answered once, however often the key is pressed', () => {
    driver.events.onInvite();
    phone.answer();
    phone.answer();
    expect(driver.orders).toEqual(['answer']);
  });
});

describe('in a call', () => {
  it('mute and hold show what the phone says, not what was pressed', () => {
    driver.events.onInvite();
    phone.toggleMute();
    expect(usePhone.getState().call?.muted).toBe(false);
    phone.answer();
    driver.events.onTalking();
    phone.toggleMute();
    phone.toggleHold();
    expect(usePhone.getState().call).toMatchObject({ muted: true, held: true });
    phone.toggleMute();
    expect(usePhone.getState().call).toMatchObject({ muted: false, held: true });
  });
});

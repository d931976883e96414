/** The one phone of this page; JsSIP is loaded when somebody with a phone has logged in, not before. */
import type { SipPhone } from '../wire';
import type { PhoneDriver } from './driver';
import { Ringer } from './ringer';
import { AgentPhone } from './store';

let phone: AgentPhone | null = null;
let wanted: SipPhone | null = null;

export async function loadDriver(): Promise<PhoneDriver> {
  if (import.meta.env.MODE === 'mock') {
    const { FakeDriver } = await import('../../mock/fakePhone');
    return new FakeDriver();
  }
  const { SipDriver } = await import('./sip');
  return new SipDriver();
}

/** Register this page as the agent's phone. */
export async function startPhone(credentials: SipPhone): Promise<void> {
  wanted = credentials;
  if (phone === null) {
    const driver = await loadDriver();
    phone ??= new AgentPhone(driver, new Ringer(), (ms, then) => {
      const timer = setTimeout(then, ms);
      return () => clearTimeout(timer);
    });
  }
  if (wanted === credentials) phone.start(credentials);
}

export function stopPhone(): void {
  wanted = null;
  phone?.stop();
}

/** The phone, once it is there. */
export const agentPhone = (): AgentPhone | null => phone;

/**
 * The agent's phone for the screens: what it is doing, and the orders one may give it.
 *
 * Holds the rule "pop before ring" by putting a {@link RingGate} between the driver's INVITE and the ringer.
 */
import { create } from 'zustand';
import { mark } from '../app/marks';
import type { SipPhone } from '../wire';
import type { Ending, PhoneDriver, Registration } from './driver';
import { askForMicrophone, type Microphone } from './microphone';
import { RingGate } from './ringGate';

export interface PhoneCall {
  readonly state: 'silent' | 'ringing' | 'answering' | 'talking';
  /** False when it rings although no caller data came in time. */
  readonly withPop: boolean;
  readonly muted: boolean;
  readonly held: boolean;
  /** When talking began, local ms. */
  readonly since: number | null;
}

interface PhoneStore {
  readonly registration: Registration;
  readonly microphone: Microphone;
  readonly call: PhoneCall | null;
  readonly ending: Ending | null;
  readonly soundBlocked: boolean;
}

export const usePhone = create<PhoneStore>()(() => ({
  registration: 'off',
  microphone: 'unknown',
  call: null,
  ending: null,
  soundBlocked: false,
}));

/** What rings; the browser's ringer, or a silent one in tests. */
export interface Bell {
  readonly blocked: boolean;
  prepare(): Promise<void>;
  start(): void;
  stop(): void;
}

export class AgentPhone {
  private poppedCall: string | null = null;
  private readonly gate: RingGate;

  constructor(
    private readonly driver: PhoneDriver,
    private readonly bell: Bell,
    after: (ms: number, then: () => void) => () => void,
  ) {
    this.gate = new RingGate(after, {
      onRing: withPop => this.ring(withPop),
      onSilence: () => this.bell.stop(),
    });
  }

  start(phone: SipPhone): void {
    void askForMicrophone().then(microphone => usePhone.setState({ microphone }));
    void this.wakeBell();
    this.driver.start(phone, {
      onRegistration: registration => usePhone.setState({ registration }),
      onInvite: () => this.invited(),
      onProgress: () => undefined,
      onTalking: () => this.talking(),
      onEnded: ending => this.ended(ending),
      onMuted: muted => change({ muted }),
      onHeld: held => change({ held }),
      onSound: () => undefined,
    });
  }

  stop(): void {
    this.gate.over();
    this.driver.stop();
    usePhone.setState({ registration: 'off', call: null, ending: null });
  }

  async wakeBell(): Promise<void> {
    await this.bell.prepare();
    usePhone.setState({ soundBlocked: this.bell.blocked });
  }

  /** The pop of this call has arrived but is not painted yet. */
  popArrived(callId: string): void {
    this.gate.offeredAgain(callId);
  }

  popPainted(callId: string): void {
    this.poppedCall = callId;
    mark('pop-painted', callId);
    this.gate.popPainted(callId);
  }

  popGone(): void {
    this.poppedCall = null;
    this.gate.popGone();
  }

  answer(): void {
    const call = usePhone.getState().call;
    if (call === null || (call.state !== 'ringing' && call.state !== 'silent')) return;
    this.gate.over();
    change({ state: 'answering' });
    this.driver.answer();
  }

  hangUp(): void {
    this.driver.hangUp();
  }

  toggleMute(): void {
    const call = usePhone.getState().call;
    if (call?.state === 'talking') this.driver.setMuted(!call.muted);
  }

  toggleHold(): void {
    const call = usePhone.getState().call;
    if (call?.state === 'talking') this.driver.setHeld(!call.held);
  }

  private invited(): void {
    usePhone.setState({
      call: { state: 'silent', withPop: true, muted: false, held: false, since: null },
      ending: null,
    });
    this.gate.invited();
  }

  private ring(withPop: boolean): void {
    change({ state: 'ringing', withPop });
    mark('ring-started', this.poppedCall);
    this.bell.start();
  }

  private talking(): void {
    mark('call-answered', this.poppedCall);
    change({ state: 'talking', since: Date.now() });
  }

  private ended(ending: Ending): void {
    this.gate.over();
    usePhone.setState({ call: null, ending });
  }
}

function change(part: Partial<PhoneCall>): void {
  usePhone.setState(({ call }) => ({ call: call === null ? null : { ...call, ...part } }));
}

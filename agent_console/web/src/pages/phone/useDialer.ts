/** The demo phone's state: one outgoing call at a time, and what was keyed in it. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { loadDriver } from '../../phone/agentPhone';
import type { Ending, PhoneDriver, Registration } from '../../phone/driver';
import { askForMicrophone, type Microphone } from '../../phone/microphone';
import type { DemoPhone } from '../../wire';

export type CallState = 'idle' | 'calling' | 'ringing' | 'talking';

export interface Dialer {
  readonly registration: Registration;
  readonly microphone: Microphone;
  readonly state: CallState;
  readonly since: number | null;
  readonly ending: Ending | null;
  readonly keyed: string;
  readonly stream: MediaStream | null;
  readonly dial: () => void;
  readonly hangUp: () => void;
  readonly key: (digit: string) => void;
}

interface Seen {
  readonly registration: Registration;
  readonly microphone: Microphone;
  readonly state: CallState;
  readonly since: number | null;
  readonly ending: Ending | null;
  readonly keyed: string;
  readonly stream: MediaStream | null;
}

const FIRST: Seen = {
  registration: 'connecting',
  microphone: 'unknown',
  state: 'idle',
  since: null,
  ending: null,
  keyed: '',
  stream: null,
};

export function useDialer(demo: DemoPhone): Dialer {
  const [seen, setSeen] = useState<Seen>(FIRST);
  const driver = useRef<PhoneDriver | null>(null);
  useEffect(() => {
    const see = (part: Partial<Seen>) => setSeen(was => ({ ...was, ...part }));
    let gone = false;
    void askForMicrophone().then(microphone => see({ microphone }));
    void loadDriver().then(made => {
      if (gone) return;
      driver.current = made;
      made.start(demo.phone, {
        onRegistration: registration => see({ registration }),
        // This phone calls; it is not to be called.
        onInvite: () => made.hangUp(),
        onProgress: () => see({ state: 'ringing' }),
        onTalking: () => see({ state: 'talking', since: Date.now() }),
        onEnded: ending => see({ state: 'idle', since: null, ending, stream: null }),
        onMuted: () => undefined,
        onHeld: () => undefined,
        onSound: stream => see({ stream }),
      });
    });
    return () => {
      gone = true;
      driver.current?.hangUp();
      driver.current?.stop();
      driver.current = null;
    };
  }, [demo]);

  const dial = useCallback(() => {
    setSeen(was => ({ ...was, state: 'calling', ending: null, keyed: '' }));
    driver.current?.dial(demo.hotline);
  }, [demo]);
  const hangUp = useCallback(() => driver.current?.hangUp(), []);
  const key = useCallback((digit: string) => {
    driver.current?.key(digit);
    setSeen(was => ({ ...was, keyed: was.keyed + digit }));
  }, []);
  return { ...seen, dial, hangUp, key };
}

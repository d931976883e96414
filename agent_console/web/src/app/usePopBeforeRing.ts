/** Tells the phone what happens to pops, and brings the console to the front when a call comes. */
import { useEffect } from 'react';
import { useLocation } from 'wouter';
import { agentPhone } from '../phone/agentPhone';
import { usePhone } from '../phone/store';
import { useLive } from './live';

export function usePopBeforeRing(): void {
  const callId = useLive(live => live.state.pop?.call_id ?? null);
  const count = useLive(live => live.popCount);
  const invited = usePhone(phone => phone.call?.state === 'silent' || phone.call?.state === 'ringing');
  const [place, go] = useLocation();

  // biome-ignore lint/correctness/useExhaustiveDependencies: the count is what makes the same call a new offer
  useEffect(() => {
    if (callId === null) agentPhone()?.popGone();
    else agentPhone()?.popArrived(callId);
  }, [callId, count]);

  const wanted = invited || callId !== null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a new call leads here, not a walk to another page
  useEffect(() => {
    if (wanted && place !== '/') go('/');
  }, [wanted, count]);
}

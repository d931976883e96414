/** Who is logged in. One store, because the push channel and the phone start and stop with it. */
import { create } from 'zustand';
import * as api from '../api/endpoints';
import { ApiError } from '../api/http';
import { useDrafts } from '../drafts';
import type { Session } from '../wire';

export type SessionState =
  | { readonly kind: 'asking' }
  | { readonly kind: 'nobody'; readonly expired: boolean }
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'somebody'; readonly session: Session };

interface SessionStore {
  readonly state: SessionState;
  ask(): Promise<void>;
  logIn(user: string, password: string): Promise<Session>;
  logOut(): Promise<void>;
  expired(): void;
}

/** Only that somebody logged in here, not who: spares a newcomer's page a request that must fail. */
const WAS_HERE = 'hydrophone.was-here';

function wasHere(): boolean {
  try {
    return localStorage.getItem(WAS_HERE) !== null;
  } catch {
    return true;
  }
}

function note(here: boolean): void {
  try {
    if (here) localStorage.setItem(WAS_HERE, '1');
    else localStorage.removeItem(WAS_HERE);
  } catch {
    // Then the server is asked each time.
  }
}

export const useSession = create<SessionStore>()(set => ({
  state: wasHere() ? { kind: 'asking' } : { kind: 'nobody', expired: false },
  async ask() {
    try {
      const session = await api.session();
      useDrafts.getState().belongTo(session.user);
      set({ state: { kind: 'somebody', session } });
    } catch (error) {
      const refused = error instanceof ApiError && error.status === 401;
      if (refused) note(false);
      set({ state: refused ? { kind: 'nobody', expired: false } : { kind: 'unreachable' } });
    }
  },
  async logIn(user, password) {
    const session = await api.logIn(user, password);
    note(true);
    useDrafts.getState().belongTo(session.user);
    set({ state: { kind: 'somebody', session } });
    return session;
  },
  async logOut() {
    await api.logOut().catch(() => undefined);
    note(false);
    set({ state: { kind: 'nobody', expired: false } });
  },
  expired() {
    set({ state: { kind: 'nobody', expired: true } });
  },
}));

/** The session of whoever is logged in. Only for components below the login wall. */
export function useWho(): Session {
  const state = useSession(store => store.state);
  if (state.kind !== 'somebody') throw new Error('nobody is logged in');
  return state.session;
}

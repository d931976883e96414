/**
 * What an agent has typed about a call and not saved yet. Kept in `localStorage`, so that a reload, a lost connection, the
 * next call or a browser that died loses nothing. It holds personal data: gone with the log-out, when somebody else logs
 * in here, and after a shift.
 */
import { create } from 'zustand';
import type { Category, Disposition } from './wire';

/** The fields of the form. An empty text means: not filled in. */
export interface Fields {
  readonly category: Category | null;
  readonly subcategory: string | null;
  readonly disposition: Disposition | null;
  readonly subject: string;
  readonly account: string;
  readonly note: string;
}

export interface Draft {
  readonly key: string;
  readonly callId: string | null;
  readonly ticketId: string | null;
  /** Who called, for the list of unsaved forms. */
  readonly label: string;
  readonly at: string;
  /** Only what was touched. */
  readonly touched: Partial<Fields>;
}

const PREFIX = 'hydrophone.draft.';
const OWNER = 'hydrophone.draft-owner';
const SHIFT_MS = 12 * 3600 * 1000;

interface DraftStore {
  readonly drafts: ReadonlyMap<string, Draft>;
  put(draft: Draft): void;
  drop(key: string): void;
  dropAll(): void;
  /** Whoever logged in: what somebody else left here is not theirs to see. */
  belongTo(user: string): void;
}

export const useDrafts = create<DraftStore>()((set, get) => ({
  drafts: readAll(),
  put(draft) {
    const drafts = new Map(get().drafts).set(draft.key, draft);
    set({ drafts });
    store(() => localStorage.setItem(PREFIX + draft.key, JSON.stringify(draft)));
  },
  drop(key) {
    const drafts = new Map(get().drafts);
    drafts.delete(key);
    set({ drafts });
    store(() => localStorage.removeItem(PREFIX + key));
  },
  dropAll() {
    for (const key of get().drafts.keys()) get().drop(key);
  },
  belongTo(user) {
    store(() => {
      if (localStorage.getItem(OWNER) !== user) get().dropAll();
      localStorage.setItem(OWNER, user);
    });
  },
}));

export function readAll(): ReadonlyMap<string, Draft> {
  const drafts = new Map<string, Draft>();
  store(() => {
    for (const name of Object.keys(localStorage)) {
      if (!name.startsWith(PREFIX)) continue;
      const draft = read(localStorage.getItem(name));
      if (draft && !isOld(draft)) drafts.set(draft.key, draft);
      else localStorage.removeItem(name);
    }
  });
  return drafts;
}

function isOld(draft: Draft): boolean {
  return Date.now() - Date.parse(draft.at) > SHIFT_MS;
}

function read(text: string | null): Draft | null {
  try {
    const value = JSON.parse(text ?? '') as Partial<Draft> | null;
    return typeof value?.key === 'string' && typeof value.touched === 'object' ? (value as Draft) : null;
  } catch {
    return null;
  }
}

/** A browser without storage, or with a full one, still keeps the draft in memory. */
function store(act: () => void): void {
  try {
    act();
  } catch {
    // Nothing to do: the store above holds it.
  }
}

export const isDirty = (draft: Draft | undefined): boolean =>
  draft !== undefined && Object.keys(draft.touched).length > 0;

// ---------------------------------------------------------------- account numbers

/** ISO 7064 MOD 11,10, as on every bill: finds each wrong digit and each swap of neighbours. */
export function isAccountNumber(text: string): boolean {
  if (!/^\d{8}$/.test(text)) return false;
  let product = 10;
  for (const digit of text.slice(0, 7)) {
    const sum = (Number(digit) + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return (11 - product) % 10 === Number(text[7]);
}

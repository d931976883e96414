/**
 * Saving a form into its ticket: only what was touched goes out, and somebody else's change is never run over.
 *
 * The server bumps a ticket's version for its own entries too (the call ended, the wait was noted). So a refusal for
 * the version is tried once more when none of our fields was changed by somebody else meanwhile.
 */
import * as api from './api/endpoints';
import { ApiError } from './api/http';
import type { Fields } from './drafts';
import type { Ticket, TicketChange } from './wire';

/** Somebody changed the same fields. The caller keeps the form and shows who and what. */
export class FieldConflict extends Error {
  constructor(
    readonly ticket: Ticket,
    readonly fields: readonly (keyof Fields)[],
  ) {
    super('field conflict');
    this.name = 'FieldConflict';
  }
}

/** The asking and changing, so that tests need no server. */
export interface TicketAccess {
  ticket(id: string): Promise<Ticket>;
  changeTicket(id: string, change: TicketChange): Promise<Ticket>;
}

/** Dispositions after which nothing is left to do: finishing the wrap-up with one of them closes the ticket. */
const NOTHING_LEFT: readonly (string | null)[] = ['resolved', 'informed', 'wrong_number', 'no_answer'];

/** Tell whether finishing the wrap-up completes the ticket; one that another department works on stays with them. */
export function completes(seen: Ticket, disposition: Fields['disposition']): boolean {
  return NOTHING_LEFT.includes(disposition) && (seen.status === 'new' || seen.status === 'open');
}

export async function save(
  seen: Ticket,
  touched: Partial<Fields>,
  access: TicketAccess = api,
  close = false,
): Promise<Ticket> {
  const change = (version: number) => ({
    ...changeOf(touched, version),
    ...(close ? { status: 'closed' as const } : {}),
  });
  try {
    return await access.changeTicket(seen.id, change(seen.version));
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error;
    const now = await access.ticket(seen.id);
    const both = conflicting(seen, now, touched);
    if (both.length > 0) throw new FieldConflict(now, both);
    return await access.changeTicket(seen.id, change(now.version));
  }
}

/** The touched fields as the server takes them: nothing empty, nothing that was not touched. */
export function changeOf(touched: Partial<Fields>, version: number): TicketChange {
  const change: TicketChange = { version };
  if (touched.category) change.category = touched.category;
  if (touched.subcategory) change.subcategory = touched.subcategory;
  if (touched.disposition) change.disposition = touched.disposition;
  if (touched.subject?.trim()) change.subject = touched.subject.trim();
  if (touched.account) change.account = touched.account;
  if (touched.note?.trim()) change.note = touched.note.trim();
  return change;
}

/** The fields that we and somebody else both changed, to different values. A note never conflicts: it is added. */
export function conflicting(seen: Ticket, now: Ticket, touched: Partial<Fields>): (keyof Fields)[] {
  const fields = ['category', 'subcategory', 'disposition', 'subject', 'account'] as const;
  return fields.filter(
    field => touched[field] !== undefined && now[field] !== seen[field] && now[field] !== touched[field],
  );
}

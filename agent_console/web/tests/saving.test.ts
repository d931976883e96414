import { describe, expect, it } from 'vitest';
import * as data from '../mock/data';
import { ApiError } from '../src/api/http';
import { changeOf, completes, FieldConflict, save, type TicketAccess } from '../src/saving';
import type { Ticket, TicketChange } from '../src/wire';

const REFUSED = new ApiError(409, { id: 'ticket_changed', zh: '变了', en: 'changed', fields: {} });

/** A server that holds one ticket and refuses an old version. */
class Server implements TicketAccess {
  changes: TicketChange[] = [];
  constructor(public held: Ticket) {}
  ticket(): Promise<Ticket> {
    return Promise.resolve(this.held);
  }
  changeTicket(_: string, change: TicketChange): Promise<Ticket> {
    this.changes.push(change);
    if (change.version !== this.held.version) return Promise.reject(REFUSED);
    const { note: _note, version, ...fields } = change;
    this.held = { ...this.held, ...(fields as Partial<Ticket>), version: version + 1 };
    return Promise.resolve(this.held);
  }
}

const seen = data.ticket(101, { version: 3, subject: '', category: null });

describe('saving a form', () => {
  it('sends only what was touched', async () => {
    const server = new Server(seen);
    await save(seen, { category: 'repair', note: ' leak at the valve ' }, server);
    expect(server.changes).toEqual([{ version: 3, category: 'repair', note: 'leak at the valve' }]);
  });

  it('closes the ticket with the rest when the wrap-up completes it, also after a refusal', async () => {
    const server = new Server({ ...seen, version: 4 });
    await save(seen, { disposition: 'resolved' }, server, true);
    expect(server.changes.map(change => [change.version, change.status])).toEqual([
      [3, 'closed'],
      [4, 'closed'],
    ]);
  });

  it('leaves open what somebody still has to do', () => {
    expect(completes({ ...seen, status: 'open' }, 'informed')).toBe(true);
    expect(completes({ ...seen, status: 'open' }, 'call_back')).toBe(false);
    expect(completes({ ...seen, status: 'open' }, null)).toBe(false);
    expect(completes({ ...seen, status: 'dispatched' }, 'resolved')).toBe(false);
  });

  it('sends nothing empty', () => {
    expect(changeOf({ subject: '  ', note: '', account: '', category: null }, 3)).toEqual({ version: 3 });
  });

  it('tries once more when the ticket moved on but none of our fields did', async () => {
    const server = new Server({ ...seen, version: 5, entries: [] });
    const saved = await save(seen, { subject: 'leak' }, server);
    expect(server.changes.map(change => change.version)).toEqual([3, 5]);
    expect(saved.subject).toBe('leak');
  });

  it('never runs over what somebody else wrote into the same field', async () => {
    const server = new Server({ ...seen, version: 4, subject: 'theirs' });
    const refused = await save(seen, { subject: 'ours', note: 'n' }, server).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(FieldConflict);
    expect((refused as FieldConflict).fields).toEqual(['subject']);
    expect(server.held.subject).toBe('theirs');
  });

  it('is content when somebody else wrote the same', async () => {
    const server = new Server({ ...seen, version: 4, category: 'repair' });
    await expect(save(seen, { category: 'repair' }, server)).resolves.toMatchObject({ version: 5 });
  });

  it('passes other refusals on', async () => {
    const down = new ApiError(503, { id: 'database_unavailable', zh: '', en: '', fields: {} });
    const server: TicketAccess = {
      ticket: () => Promise.resolve(seen),
      changeTicket: () => Promise.reject(down),
    };
    await expect(save(seen, { subject: 'x' }, server)).rejects.toBe(down);
  });
});

import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it } from 'vitest';
import * as data from '../../mock/data';
import { readAll, useDrafts } from '../../src/drafts';
import { TicketForm } from '../../src/pages/console/TicketForm';
import type { TicketChange } from '../../src/wire';
import { type Asked, server, show } from './harness';

const TICKET = data.ticket(101, { version: 3, account: null, entries: [] });
const form = () => (
  <TicketForm callId={data.CALL} ticketId={TICKET.id} label="张慧敏" proposedAccount="10000012" />
);
const patches = (log: Asked[]) =>
  log.filter(asked => asked.method === 'PATCH').map(asked => asked.body as TicketChange);

const SITE = { body: data.site };
const fine = (asked: Asked) => {
  if (asked.path === '/api/site') return SITE;
  if (asked.method === 'PATCH') return { body: { ...TICKET, ...(asked.body as object), version: 4 } };
  return { body: TICKET };
};

async function filled() {
  const user = userEvent.setup();
  await screen.findByText('Ticket 20261122-000101');
  await user.click(screen.getByText('Repair'));
  await user.click(screen.getByText('Leak'));
  await user.type(screen.getByTestId('wrapup-note'), 'water <b>everywhere</b>');
  await user.click(screen.getByText('Escalated'));
  return user;
}

beforeEach(() => useDrafts.getState().dropAll());

it('saves what was filled in, and the account that the caller proved', async () => {
  const log = server(fine);
  await show(form());
  const user = await filled();
  await user.click(screen.getByTestId('wrapup-save'));
  await waitFor(() => expect(screen.getByTestId('wrapup-state')).toHaveAttribute('data-state', 'saved'));
  expect(patches(log)).toEqual([
    {
      version: 3,
      category: 'repair',
      subcategory: 'leak',
      disposition: 'escalated',
      account: '10000012',
      note: 'water <b>everywhere</b>',
    },
  ]);
  expect(readAll().size).toBe(0);
});

it('does not send the same note twice', async () => {
  const log = server(fine);
  await show(form());
  const user = await filled();
  await user.click(screen.getByTestId('wrapup-save'));
  await waitFor(() => expect(screen.getByTestId('wrapup-note')).toHaveValue(''));
  await user.click(screen.getByTestId('wrapup-save'));
  await waitFor(() => expect(patches(log)).toHaveLength(2));
  expect(patches(log)[1]?.note).toBeUndefined();
});

it('keeps what was typed when the page is left and opened again', async () => {
  server(fine);
  const first = await show(form());
  await filled();
  first.unmount();
  await show(form());
  expect(screen.getByTestId('wrapup-note')).toHaveValue('water <b>everywhere</b>');
  expect(screen.getByTestId('wrapup-category')).toHaveAttribute('data-value', 'repair');
});

it('says what to do when the database is down, and keeps the form', async () => {
  const down = { id: 'database_unavailable', zh: '稍后再保存。', en: 'Save again in a moment.', fields: {} };
  const log = server(asked => (asked.method === 'PATCH' ? { status: 503, body: down } : fine(asked)));
  await show(form());
  const user = await filled();
  await user.click(screen.getByTestId('wrapup-save'));
  expect(await screen.findByText('Save again in a moment.')).toBeVisible();
  expect(screen.getByTestId('wrapup-note')).toHaveValue('water <b>everywhere</b>');
  expect(screen.getByTestId('wrapup-state')).toHaveAttribute('data-state', 'unsaved');
  expect(patches(log)).toHaveLength(1);
});

it('asks for the category before it sends anything', async () => {
  const log = server(fine);
  await show(form());
  await screen.findByText('Ticket 20261122-000101');
  await userEvent.click(screen.getByTestId('wrapup-save'));
  expect(await screen.findByText('Choose a category')).toBeVisible();
  expect(patches(log)).toEqual([]);
});

it('does not send an account number whose check digit is wrong', async () => {
  const log = server(fine);
  await show(form());
  const user = await filled();
  await user.clear(screen.getByTestId('wrapup-account'));
  await user.type(screen.getByTestId('wrapup-account'), '10000013');
  await user.click(screen.getByTestId('wrapup-save'));
  expect(screen.getByTestId('wrapup-account')).toHaveAttribute('aria-invalid', 'true');
  expect(patches(log)).toEqual([]);
});

it('keeps what is typed before the ticket exists, and finds the ticket through the call', async () => {
  let exists = false;
  server(asked => {
    if (asked.path.startsWith('/api/calls/'))
      return { body: { ...TICKET.call, ticket_id: exists ? TICKET.id : null } };
    return fine(asked);
  });
  await show(<TicketForm callId={data.CALL} ticketId={null} label="" proposedAccount={null} />);
  const user = userEvent.setup();
  await user.type(screen.getByTestId('wrapup-note'), 'early');
  await user.click(screen.getByTestId('wrapup-save'));
  expect(await screen.findByText(/ticket is not there yet/)).toBeVisible();
  exists = true;
  await user.click(screen.getByTestId('wrapup-save'));
  expect(await screen.findByText('Ticket 20261122-000101')).toBeVisible();
  expect(screen.getByTestId('wrapup-note')).toHaveValue('early');
});

import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it, vi } from 'vitest';
import * as data from '../../mock/data';
import { Messages } from '../../src/pages/tickets/Messages';
import type { MessageView } from '../../src/wire';
import { type Asked, server, show } from './harness';

const LEFT: MessageView = {
  id: '0b5c7d00-0000-4000-8000-000000000801',
  call_id: data.CALL,
  purpose: 'voicemail',
  language: 'zh',
  seconds: 12.4,
  at: data.ago(3600),
};
const SOUND = { media_type: 'audio/wav', data: btoa('RIFF') };
const GONE = { status: 404, body: { id: 'not_found', zh: '录音不存在。', en: 'The recording is gone.' } };

let items: MessageView[];
let sound: { status?: number; body: unknown };
let list: { status?: number; body: unknown } | null;

beforeEach(() => {
  items = [LEFT];
  sound = { body: SOUND };
  list = null;
  vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: () => 'blob:sound', revokeObjectURL: vi.fn() }));
});

const answers = (asked: Asked) => {
  if (asked.path === '/api/site') return { body: data.site };
  if (asked.path === `/api/messages/${LEFT.id}`) return sound;
  return list ?? { body: { items } };
};
const heard = (log: Asked[]) => log.filter(asked => asked.path === `/api/messages/${LEFT.id}`).length;
const player = () => document.querySelector('audio');

it('takes no room on a ticket without messages', async () => {
  items = [];
  const log = server(answers);
  await show(<Messages ticket={data.TICKET} />);
  await waitFor(() => expect(log.some(asked => asked.path.includes('messages'))).toBe(true));
  expect(screen.queryByTestId('ticket-messages')).toBeNull();
});

it('fetches the sound only when somebody wants to hear it, because each hearing is noted', async () => {
  const log = server(answers);
  await show(<Messages ticket={data.TICKET} />);
  const button = await screen.findByTestId('message-hear');
  expect(heard(log)).toBe(0);
  expect(player()).toBeNull();
  await userEvent.setup().click(button);
  await waitFor(() => expect(player()).toHaveAttribute('src', 'blob:sound'));
  expect(heard(log)).toBe(1);
  expect(screen.queryByTestId('message-hear')).toBeNull();
});

it('lets the sound go with the ticket', async () => {
  server(answers);
  const { unmount } = await show(<Messages ticket={data.TICKET} />);
  await userEvent.setup().click(await screen.findByTestId('message-hear'));
  await waitFor(() => expect(player()).not.toBeNull());
  unmount();
  expect(URL.revokeObjectURL).toHaveBeenCalledWith('blob:sound');
});

it('says why a message can’t be heard, and lets one try again', async () => {
  sound = GONE;
  server(answers);
  await show(<Messages ticket={data.TICKET} />);
  const user = userEvent.setup();
  await user.click(await screen.findByTestId('message-hear'));
  expect(await screen.findByTestId('error')).toHaveTextContent('The recording is gone.');
  sound = { body: SOUND };
  await user.click(screen.getByTestId('message-hear'));
  await waitFor(() => expect(player()).not.toBeNull());
  expect(screen.queryByTestId('error')).toBeNull();
});

it('says so when it is not known whether there are messages', async () => {
  list = GONE;
  server(answers);
  await show(<Messages ticket={data.TICKET} />);
  expect(await screen.findByTestId('error')).toHaveTextContent('The recording is gone.');
});

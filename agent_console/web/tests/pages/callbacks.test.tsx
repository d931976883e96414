import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it } from 'vitest';
import * as data from '../../mock/data';
import { useSession } from '../../src/app/session';
import { CallbackTable } from '../../src/pages/live/CallbackTable';
import type { CallbackView } from '../../src/wire';
import { type Asked, server, show } from './harness';

const WAITS: CallbackView = {
  id: '0b5c7d00-0000-4000-8000-000000000901',
  call_id: data.CALL,
  queue: 'water',
  number: '+8613910002002',
  language: 'zh',
  ticket_id: data.TICKET,
  since: data.ago(600),
  asked_at: data.ago(600),
  next_at: data.ago(-600),
  state: 'waiting',
  attempts: 1,
  attempts_of: 3,
  place: 2,
};
const DIALLED: CallbackView = { ...WAITS, id: WAITS.id.replace('901', '902'), state: 'dialling', place: 1 };

let items: CallbackView[];
let refusal: { status: number; body: unknown } | null;

beforeEach(() => {
  items = [DIALLED, WAITS];
  refusal = null;
  useSession.setState({ state: { kind: 'somebody', session: data.session('supervisor1') } });
});

const answers = (asked: Asked) => {
  if (asked.path === '/api/site') return { body: data.site };
  return refusal ?? { body: { items } };
};
const cancels = (log: Asked[]) =>
  log.filter(asked => asked.path.endsWith('/cancel')).map(asked => asked.path);

it('takes no room while nobody is to be called back', async () => {
  items = [];
  const log = server(answers);
  await show(<CallbackTable />);
  await waitFor(() => expect(log.map(asked => asked.path)).toContain('/api/callbacks'));
  expect(screen.queryByTestId('callbacks')).toBeNull();
});

it('shows each place, what was tried, and when it is tried next', async () => {
  server(answers);
  await show(<CallbackTable />);
  const [dialled, waits] = await screen.findAllByTestId('callback-row');
  expect(dialled).toHaveTextContent('being dialled now');
  expect(waits).toHaveTextContent('General');
  expect(waits).toHaveTextContent('1 of 3');
  expect(waits).toHaveTextContent(/\d{4}-\d{2}-\d{2} \d{2}:\d{2}/);
});

it('speaks the reader’s language', async () => {
  server(answers);
  await show(<CallbackTable />, 'zh');
  expect((await screen.findAllByTestId('callback-row'))[1]).toHaveTextContent('综合服务');
});

it('cancels only after a second look, and never one that is being dialled', async () => {
  const log = server(answers);
  await show(<CallbackTable />);
  const user = userEvent.setup();
  const [dialled, waits] = await screen.findAllByTestId('callback-cancel');
  expect(dialled).toBeDisabled();
  await user.click(waits as HTMLElement);
  expect(cancels(log)).toEqual([]);
  const asked = await screen.findByRole('tooltip');
  await user.click(within(asked).getByRole('button', { name: 'Cancel' }));
  await waitFor(() => expect(cancels(log)).toEqual([`/api/callbacks/${WAITS.id}/cancel`]));
});

it('says so when the list can’t be read', async () => {
  refusal = { status: 400, body: { id: 'unavailable', zh: '数据库不可用。', en: 'The database is away.' } };
  server(answers);
  await show(<CallbackTable />);
  expect(await screen.findByTestId('error')).toHaveTextContent('The database is away.');
});

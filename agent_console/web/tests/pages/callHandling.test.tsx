import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it } from 'vitest';
import * as data from '../../mock/data';
import { CallHandling } from '../../src/app/CallHandling';
import { useLive } from '../../src/app/live';
import { useSession } from '../../src/app/session';
import type { AgentView, Targets } from '../../src/wire';
import { type Asked, server, show } from './harness';

const TARGETS: Targets = {
  queues: [{ name: 'water', waiting: 2 }],
  colleagues: [
    { id: 'bo', name: 'Bo', presence: 'available', free: true },
    { id: 'chen', name: 'Chen', presence: 'lunch', free: false },
  ],
};

/** What an agent is doing in a call that `owner` has. */
function talking(talk: AgentView['talk'], owner = 'agent1'): void {
  const live = useLive.getState();
  useSession.setState({ state: { kind: 'somebody', session: data.session('agent1') } });
  const call = data.call(1, { stage: 'talking', agent: owner });
  const me = data.me({ routing: 'on_call', talk, call: call.id });
  useLive.setState({
    state: { ...live.state, agents: new Map([[me.id, me]]), calls: new Map([[call.id, call]]) },
  });
}

const answers = (asked: Asked) => {
  if (asked.path === '/api/site') return { body: data.site };
  if (asked.path === '/api/agent/call/targets') return { body: TARGETS };
  return { body: data.me() };
};
const orders = (log: Asked[]) =>
  log.filter(asked => asked.method === 'POST').map(asked => [asked.path, asked.body]);

beforeEach(() => talking('none'));

it('offers nothing without a call', async () => {
  server(answers);
  await show(<CallHandling />);
  expect(screen.queryByTestId('transfer')).toBeNull();
});

it('sends the caller to a queue, or asks a colleague who is free', async () => {
  const log = server(answers);
  talking('talking');
  await show(<CallHandling />);
  const user = userEvent.setup();
  await user.click(screen.getByTestId('transfer'));
  await user.click(await screen.findByText('Queue General (2 waiting)'));
  await waitFor(() => expect(orders(log)).toContainEqual(['/api/agent/call/to-queue', { queue: 'water' }]));
  await user.click(screen.getByTestId('transfer'));
  await user.click(await screen.findByText('Ask Bo first (Available)'));
  await waitFor(() => expect(orders(log)).toContainEqual(['/api/agent/call/consult', { agent: 'bo' }]));
  expect(screen.getByText('Ask Chen first (Lunch)').closest('li')).toHaveAttribute('aria-disabled', 'true');
});

it.each([
  ['take-back', '/api/agent/call/take-back'],
  ['hand-over', '/api/agent/call/hand-over'],
  ['join', '/api/agent/call/join'],
])('in a consultation: %s', async (button, path) => {
  const log = server(answers);
  talking('consulting');
  await show(<CallHandling />);
  await userEvent.setup().click(screen.getByTestId(button));
  await waitFor(() => expect(orders(log).map(([asked]) => asked)).toEqual([path]));
});

it('leaves it to the one who has the caller: a colleague who is asked decides nothing', async () => {
  server(answers);
  talking('consulting', 'bo');
  await show(<CallHandling />);
  for (const button of ['take-back', 'hand-over', 'join', 'transfer'])
    expect(screen.queryByTestId(button)).toBeNull();
});

import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it } from 'vitest';
import * as data from '../../mock/data';
import { useLive } from '../../src/app/live';
import { PresenceSwitch } from '../../src/app/PresenceSwitch';
import { useSession } from '../../src/app/session';
import type { AgentView } from '../../src/wire';
import { type Asked, server, show } from './harness';

function i(part: Partial<AgentView>): void {
  const me = data.me(part);
  useLive.setState(live => ({ state: { ...live.state, agents: new Map([[me.id, me]]) } }));
}

const answers = (asked: Asked) => ({ body: asked.path === '/api/site' ? data.site : data.me() });

beforeEach(() => {
  useSession.setState({ state: { kind: 'somebody', session: data.session('agent1') } });
  i({});
});

it('offers the site’s own reasons for being away, and orders presence and reason', async () => {
  const log = server(answers);
  await show(<PresenceSwitch />);
  const user = userEvent.setup();
  await user.click(screen.getByTestId('presence-switch'));
  await user.click(await screen.findByText('Meter walk'));
  await waitFor(() =>
    expect(log.filter(asked => asked.method === 'POST').map(asked => asked.body)).toEqual([
      { presence: 'away', reason: 'meter-walk' },
    ]),
  );
});

it('reads the reason in place of “away”, in the reader’s language', async () => {
  server(answers);
  i({ presence: 'away', reason: 'meter-walk' });
  await show(<PresenceSwitch />, 'zh');
  expect(screen.getByTestId('presence-switch')).toHaveTextContent('抄表');
});

it('shows a reason that the site no longer has by its code', async () => {
  server(answers);
  i({ presence: 'away', reason: 'stock-taking' });
  await show(<PresenceSwitch />);
  expect(screen.getByTestId('presence-switch')).toHaveTextContent('stock-taking');
});

it('tells what a choice made in a call will be', async () => {
  server(answers);
  i({ routing: 'on_call', pending: 'away', pending_reason: 'meter-walk' });
  await show(<PresenceSwitch />);
  expect(screen.getByTestId('presence-switch')).toHaveTextContent('then Meter walk');
});

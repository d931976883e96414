import { screen, within } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import * as data from '../../mock/data';
import { PopPanel } from '../../src/pages/console/PopPanel';
import type { Pop } from '../../src/wire';
import { server, show } from './harness';

// Canvas is not for jsdom; the chart is looked at in a real browser.
vi.mock('../../src/pages/console/UsagePanel', () => ({ default: () => null }));

async function shown(part: Partial<Pop> = {}, language: 'zh' | 'en' = 'en') {
  server(() => ({ body: data.site }));
  await show(<PopPanel pop={data.pop(part)} />, language);
}

it('shows who calls, whose account it is, and what they owe', async () => {
  await shown();
  expect(screen.getByTestId('pop-number')).toHaveTextContent('139 0000 1234');
  expect(screen.getByTestId('pop-name')).toHaveTextContent('张慧敏');
  expect(screen.getByTestId('pop-account')).toHaveAttribute('data-account', '10000012');
  expect(screen.getByTestId('pop-balance')).toHaveTextContent('¥157.20');
  expect(screen.getByTestId('pop-arrears')).toHaveTextContent('¥115.80');
});

it.each(['keyed', 'caller_id', 'several', 'none', 'withheld'] as const)(
  'says in words that a caller known by “%s” is unverified',
  async match => {
    await shown({ match });
    expect(screen.getByTestId('pop-match')).toHaveTextContent('Caller ID unverified');
  },
);

it('does not say so of a caller who keyed the right PIN', async () => {
  await shown({ match: 'pin' });
  expect(screen.getByTestId('pop-match')).toHaveTextContent('Verified by PIN');
  expect(screen.getByTestId('pop-match')).not.toHaveTextContent('unverified');
});

it('tells data that is missing from data that is empty', async () => {
  await shown({
    account: null,
    billing_available: false,
    records_available: false,
    open_tickets: [],
    last_contacts: [],
  });
  expect(screen.getByTestId('pop-billing-down')).toBeVisible();
  expect(screen.queryByTestId('pop-no-account')).toBeNull();
  expect(screen.getByTestId('pop-open-tickets')).toHaveTextContent('not available');
  expect(screen.getByTestId('pop-open-tickets')).not.toHaveTextContent('No open tickets');
});

it('shows the way through the menu with what was keyed, and a step that no dictionary knows by its own name', async () => {
  await shown({
    ivr_path: [
      { step: 'language', way: '1', keyed: '1', took_ms: 4120 },
      { step: 'our_own_step', way: 'ok', keyed: '', took_ms: 100 },
    ],
  });
  const path = screen.getByTestId('pop-path');
  expect(within(path).getByText('Language')).toBeVisible();
  expect(within(path).getByText('our_own_step')).toBeVisible();
});

it('names the steps of flows that others call, and leaves out those in which nobody heard anything', async () => {
  await shown({
    ivr_path: [
      { step: 'bill_caller.pin', way: 'ok', keyed: '', took_ms: 3000 },
      { step: 'bill.fees', way: 'otherwise', keyed: '', took_ms: 0 },
      { step: 'bill.owed_menu', way: '1', keyed: '1', took_ms: 20 },
    ],
  });
  const path = screen.getByTestId('pop-path');
  expect(within(path).getByText('PIN')).toBeVisible();
  expect(within(path).getByText('Go on or back')).toBeVisible();
  expect(within(path).queryByText(/fees/)).toBeNull();
});

it('shows a hostile caller name as the text it is', async () => {
  const name = '<img src=x onerror="document.title=1">';
  await shown({ caller_name: name });
  expect(screen.getByText(name)).toBeVisible();
  expect(document.querySelector('img')).toBeNull();
});

it('speaks Chinese', async () => {
  await shown(
    { match: 'several', choices: [{ number: '10000012', name: '张慧敏', address: '临江区' }] },
    'zh',
  );
  expect(screen.getByTestId('pop-match')).toHaveTextContent('此号码对应 1 个户号');
  expect(document.documentElement.lang).toBe('zh-CN');
});

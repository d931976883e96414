import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import * as data from '../../mock/data';
import { ReportedReadings } from '../../src/pages/console/ReportedReadings';
import { server, show } from './harness';

const [reading] = data.pop({}).reported_readings;
if (!reading) throw new Error('the mock has a reported reading');

it.each([
  ['Confirm', true, 'confirmed', 'Confirmed by agent1'],
  ['Refuse', false, 'refused', 'Refused by agent1'],
] as const)(
  'a reading by telephone is decided with one click: %s',
  async (button, confirmed, state, told) => {
    const log = server(() => ({ body: { ...reading, state, decided_by: 'agent1' } }));
    await show(<ReportedReadings readings={[reading]} />);
    expect(screen.getByText('1486 m³')).toBeVisible();
    expect(screen.getByText('Far above usual: a leak?')).toBeVisible();
    await userEvent.click(screen.getByRole('button', { name: new RegExp(button) }));
    expect(await screen.findByTestId('reported-state')).toHaveTextContent(told);
    expect(screen.queryByRole('button')).toBeNull();
    expect(log.filter(({ method }) => method === 'POST')).toEqual([
      { method: 'POST', path: `/api/readings/${reading.id}/decision`, body: { confirmed } },
    ]);
  },
);

it('a decision that could not be kept is said, and can be made again', async () => {
  server(() => ({
    status: 503,
    body: { id: 'store_unavailable', zh: '稍后再试。', en: 'Try again later.' },
  }));
  await show(<ReportedReadings readings={[reading]} />);
  await userEvent.click(screen.getByRole('button', { name: /Confirm/ }));
  expect(await screen.findByTestId('error')).toHaveTextContent('Try again later.');
  expect(screen.getByRole('button', { name: /Confirm/ })).toBeEnabled();
});

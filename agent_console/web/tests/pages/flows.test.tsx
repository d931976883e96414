import { fireEvent, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, it, vi } from 'vitest';
import * as data from '../../mock/data';
import { useSession } from '../../src/app/session';
import { FlowEditor } from '../../src/pages/flows/FlowEditor';
import { Funnel } from '../../src/pages/flows/Funnel';
import { Versions } from '../../src/pages/flows/Versions';
import { server, show } from './harness';

const FLOW = { flow: 'water', version: 3, made_at: '2026-11-25T00:00:00Z', made_by: 'admin1', comment: '' };
const FAULT = {
  file: 'water.yaml',
  line: 7,
  what: "'x' leads nowhere",
  advice: 'Name a step',
  what_zh: '“x”不通',
  advice_zh: '请写一个步骤',
};

afterEach(() => vi.unstubAllGlobals());

it('says in the language of the console what is wrong', async () => {
  server(({ path }) =>
    path.endsWith('/text')
      ? { body: { flow: 'water', text: 'flow: water', difference: null } }
      : { body: { faults: [FAULT] } },
  );
  await show(<FlowEditor flow={FLOW} />, 'zh');
  fireEvent.change(await screen.findByTestId('flow-text'), { target: { value: 'flow: bad' } });
  fireEvent.click(screen.getByTestId('flow-check'));
  expect((await screen.findByTestId('flow-faults')).textContent).toContain(
    'water.yaml:7 “x”不通。请写一个步骤。',
  );
});

it('publishes only what the check has passed, as it was checked', async () => {
  const asked = server(({ path, body }) => {
    if (path.endsWith('/text')) return { body: { flow: 'water', text: 'flow: water', difference: null } };
    if (path.endsWith('/check')) {
      return { body: { faults: (body as { text: string }).text.includes('bad') ? [FAULT] : [] } };
    }
    return { body: { ...FLOW, version: 4 } };
  });
  await show(<FlowEditor flow={FLOW} />);
  const text = await screen.findByTestId('flow-text');
  const publish = screen.getByTestId('flow-publish');
  const write = (value: string) => fireEvent.change(text, { target: { value } });

  write('flow: bad');
  fireEvent.click(screen.getByTestId('flow-check'));
  expect(await screen.findByTestId('flow-faults')).toHaveTextContent(
    "water.yaml:7 'x' leads nowhere. Name a step.",
  );
  expect(publish).toBeDisabled();

  write('flow: other');
  fireEvent.click(screen.getByTestId('flow-check'));
  await screen.findByTestId('flow-good');
  expect(publish).toBeEnabled();

  write('flow: other!');
  expect(publish).toBeDisabled();
  write('flow: other');
  fireEvent.click(publish);
  await waitFor(() =>
    expect(asked.at(-1)).toMatchObject({
      method: 'POST',
      path: '/api/flows/water/versions',
      body: { text: 'flow: other', based_on: 3, comment: '' },
    }),
  );
});

it('tells how a day went, and draws it as an image in which nothing runs', async () => {
  server(({ path }) =>
    path.includes('/picture')
      ? { body: { svg: '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>' } }
      : {
          body: {
            flow: 'water',
            day: '2026-11-24',
            version: null,
            calls: 200,
            served: 90,
            to_person: 80,
            gave_up: 30,
            containment: 0.45,
            drop_off: 0.15,
            versions: [],
            steps: [
              {
                step: 'main',
                calls: 180,
                passes: 190,
                ways: [{ way: '1', passes: 120 }],
                mean_ms: 4000,
                median_ms: 3500,
                p90_ms: 8200,
                gave_up: 20,
                failed: 0,
                drop_off: 0.111,
              },
            ],
          },
        },
  );
  await show(<Funnel flow="water" day="2026-11-24" version="" />);
  expect(await screen.findByText('45.0 %')).toBeVisible();
  expect(screen.getByText('20 (11.1 %)')).toHaveClass('bad-text');
  const picture = await screen.findByTestId('flow-picture');
  expect(picture.tagName).toBe('IMG');
  expect(picture.getAttribute('src')).toMatch(/^data:image\/svg\+xml/);
});

it('lists what changed in the menus that this one calls, and takes back the one that is meant', async () => {
  const log = server(asked => {
    if (asked.path === '/api/site') return { body: data.site };
    if (asked.path === '/api/flows/water/versions') return { body: data.flowVersions() };
    return { body: { ...FLOW, flow: 'bills', version: 2 } };
  });
  useSession.setState({ state: { kind: 'somebody', session: data.session('admin1') } });
  await show(<Versions flow={{ ...FLOW, version: 2 }} admin />);
  await screen.findByText('Rounder words');
  const rows = screen
    .getAllByRole('row')
    .slice(1)
    .map(row => row.textContent);
  expect(rows[0]).toContain('Bills1');
  expect(rows[0]).toContain('In use');
  expect(rows[1]).toContain('Main menu2');
  expect(rows[1]).toContain('In use');
  expect(rows[2]).not.toContain('In use');
  expect(screen.getByTestId('flow-parts')).toHaveTextContent('Bills · Version 1Identification · As shipped');
  const user = userEvent.setup();
  await user.click(screen.getByRole('button', { name: 'Back to this' }));
  await user.click((await screen.findAllByRole('button', { name: 'Back to this' })).at(-1) as HTMLElement);
  await waitFor(() =>
    expect(log.filter(asked => asked.method === 'POST').map(asked => [asked.path, asked.body])).toEqual([
      ['/api/flows/water/back', { to: 1 }],
    ]),
  );
});

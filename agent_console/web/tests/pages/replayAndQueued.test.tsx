import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import * as data from '../../mock/data';
import { ReplayBanner } from '../../src/app/ReplayBanner';
import { TrustBadge } from '../../src/app/Trust';
import { Queued } from '../../src/pages/live/Queued';
import { server, show } from './harness';

const REPLAY = { since: '2026-11-25T02:00:00Z', until: '2026-11-25T03:00:00Z', speed: 10 };
const WELL = {
  ok: true,
  database: true,
  links: [],
  queued_bytes: 0,
  journal_delay_s: 0.2,
  spool_full: false,
};

it.each([
  ['en', 'Replay: this is not now', '10 times its speed'],
  ['zh', '历史回放，非实时数据', '速度 10 倍'],
] as const)('says in %s that what is shown is the past', async (language, title, text) => {
  server(() => ({ body: { ...data.site, timezone: 'Asia/Shanghai', replay: REPLAY } }));
  await show(
    <>
      <TrustBadge />
      <ReplayBanner />
    </>,
    language,
  );
  const banner = await screen.findByTestId('replay-banner');
  expect(banner).toHaveTextContent(title);
  expect(banner).toHaveTextContent(text);
  expect(banner).toHaveTextContent('10:00');
  expect(screen.getByTestId('trust')).toHaveTextContent(language === 'zh' ? '回放' : 'Replay');
});

it('says nothing of a replay when what is shown is now', async () => {
  server(() => ({ body: data.site }));
  await show(<ReplayBanner />);
  expect(screen.queryByTestId('replay-banner')).toBeNull();
});

it.each([
  ['en', { queued_bytes: 48_200, journal_delay_s: 75 }, 'Queued on disk: 49 kB', '1:15'],
  ['zh', { queued_bytes: 48_200, journal_delay_s: 75 }, '已存盘排队：49 kB', '1:15'],
  ['en', { spool_full: true }, 'nothing more fits on disk', 'orders are refused'],
] as const)('tells in %s what waits on disk', async (language, part, title, text) => {
  server(() => ({ body: { ...WELL, ...part } }));
  await show(<Queued />, language);
  const told = await screen.findByTestId('queued');
  expect(told).toHaveTextContent(title);
  expect(told).toHaveTextContent(text);
});

it('is silent while the database takes everything at once', async () => {
  const asked = server(() => ({ body: WELL }));
  await show(<Queued />);
  await expect.poll(() => asked.length).toBeGreaterThan(0);
  expect(screen.queryByTestId('queued')).toBeNull();
});

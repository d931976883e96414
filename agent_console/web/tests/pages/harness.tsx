/** Renders a part of the console in one language, with a server of prepared answers. */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render } from '@testing-library/react';
import { App as AntApp, ConfigProvider } from 'antd';
import type { ReactNode } from 'react';
import { vi } from 'vitest';
import { chooseLanguage, startI18n } from '../../src/i18n';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

type Answers = (asked: Asked) => { status?: number; body?: unknown };

/** Put a server in place of the network; returns what it was asked. */
export function server(answers: Answers): Asked[] {
  const log: Asked[] = [];
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
    const asked = {
      method: init.method ?? 'GET',
      path,
      body: typeof init.body === 'string' ? JSON.parse(init.body) : undefined,
    };
    log.push(asked);
    const { status = 200, body } = answers(asked);
    return Promise.resolve(new Response(body === undefined ? null : JSON.stringify(body), { status }));
  });
  return log;
}

export async function show(part: ReactNode, language: 'zh' | 'en' = 'en') {
  await startI18n();
  await chooseLanguage(language);
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  return render(
    <QueryClientProvider client={client}>
      <ConfigProvider theme={{ token: { motion: false } }}>
        <AntApp>{part}</AntApp>
      </ConfigProvider>
    </QueryClientProvider>,
  );
}

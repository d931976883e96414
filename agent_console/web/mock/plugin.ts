/**
 * A server without a call centre behind it, for looking at pages: `npm run dev:mock`.
 * `POST /mock-order/push` sends frames, `/mock-order/silence` stops all sound, `/mock-order/me` says who is logged in.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Plugin, PreviewServer, ViteDevServer } from 'vite';
import { type WebSocket, WebSocketServer } from 'ws';
import * as data from './data.ts';

interface Mock {
  user: string | null;
  sockets: Set<WebSocket>;
  seq: WeakMap<WebSocket, number>;
  silent: boolean;
  me: ReturnType<typeof data.me>;
  pop: ReturnType<typeof data.pop> | null;
  up: boolean;
}

export function mockServer(): Plugin {
  const mock: Mock = {
    user: null,
    sockets: new Set(),
    seq: new WeakMap(),
    silent: false,
    me: data.me(),
    pop: null,
    up: true,
  };
  return {
    name: 'hydrophone-mock',
    configureServer: server => serveOn(mock, server),
    configurePreviewServer: server => serveOn(mock, server),
  };
}

/** As strict as the real server, so that a build that breaks it is seen here. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; media-src 'self' blob:; connect-src 'self' ws:; base-uri 'none'; form-action 'self'";

function serveOn(mock: Mock, server: ViteDevServer | PreviewServer): void {
  const push = new WebSocketServer({ noServer: true });
  server.httpServer?.on('upgrade', (request, socket, head) => {
    if (!request.url?.startsWith('/mock-push')) return;
    push.handleUpgrade(request, socket, head, client => join(mock, client));
  });
  const beat = setInterval(() => all(mock, { type: 'heartbeat' }), 5000);
  server.httpServer?.on('close', () => clearInterval(beat));
  const built = !('transformIndexHtml' in server);
  server.middlewares.use((request, response, next) => {
    const path = request.url?.split('?')[0] ?? '';
    if (built) response.setHeader('Content-Security-Policy', POLICY);
    if (path.startsWith('/api/') || path.startsWith('/mock-order/')) {
      void serve(mock, request, response, path);
    } else next();
  });
}

function send(mock: Mock, client: WebSocket, frame: object): void {
  const seq = (mock.seq.get(client) ?? 0) + 1;
  mock.seq.set(client, seq);
  client.send(JSON.stringify({ seq, at: new Date().toISOString(), ...frame }));
}

function all(mock: Mock, frame: object): void {
  if (mock.silent) return;
  for (const client of mock.sockets) send(mock, client, frame);
}

function join(mock: Mock, client: WebSocket): void {
  if (mock.silent) {
    client.terminate();
    return;
  }
  mock.sockets.add(client);
  client.on('close', () => mock.sockets.delete(client));
  client.on('message', () => send(mock, client, snapshot(mock)));
  send(mock, client, snapshot(mock));
}

function snapshot(mock: Mock): object {
  const agent = mock.user?.startsWith('agent');
  return {
    type: 'snapshot',
    live: {
      at: new Date().toISOString(),
      links: [data.link(mock.up)],
      calls: agent ? [] : data.calls(),
      agents: agent ? [mock.me] : data.agents(),
      queues: [data.queue()],
    },
    me: agent ? mock.me : null,
    pop: mock.pop,
  };
}

async function serve(
  mock: Mock,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> {
  const body = await read(request);
  const answer = route(mock, request.method ?? 'GET', path, body, request.headers.host ?? '');
  response.statusCode = answer === undefined ? 204 : answer instanceof Refusal ? answer.status : 200;
  response.setHeader('Content-Type', 'application/json');
  response.end(answer === undefined ? '' : JSON.stringify(answer instanceof Refusal ? answer.body : answer));
}

class Refusal {
  readonly body: object;
  constructor(
    readonly status: number,
    id: string,
    zh: string,
    en: string,
  ) {
    this.body = { id, zh, en, fields: {} };
  }
}

async function read(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text ? (JSON.parse(text) as Record<string, unknown>) : {};
}

type Answer = object | undefined;

function route(
  mock: Mock,
  method: string,
  path: string,
  body: Record<string, unknown>,
  host: string,
): Answer {
  if (path.startsWith('/mock-order/')) return order(mock, path, body);
  switch (`${method} ${path}`) {
    case 'GET /api/site':
      return data.site;
    case 'POST /api/login':
      if (body['password'] === 'wrong') {
        return new Refusal(
          401,
          'wrong_password',
          '用户名或密码不正确。请检查后重试。',
          'User name or password is wrong. Check both and try again.',
        );
      }
      mock.user = String(body['user']);
      return data.session(mock.user);
    case 'POST /api/logout':
      mock.user = null;
      return undefined;
    case 'GET /api/session':
      return mock.user
        ? data.session(mock.user)
        : new Refusal(401, 'not_logged_in', '尚未登录。', 'Not logged in.');
    case 'POST /api/push-ticket':
      return { ticket: 'x', push_url: `ws://${host}/mock-push` };
    case 'GET /api/demo/phone':
      return { phone: { ...data.session('agent1').phone, uri: 'sip:2000@127.0.0.1' }, hotline: '96000' };
    case 'POST /api/agent/presence':
      return order(mock, '/mock-order/me', {
        presence: body['presence'],
        reason: body['reason'] ?? null,
        presence_since: data.ago(0),
      });
    case 'GET /api/incidents':
      return data.incidents();
    case 'GET /api/flows':
      return data.flows();
    case 'GET /api/flows/water/versions':
      return data.flowVersions();
    case 'GET /api/flows/water/funnel':
      return data.funnel();
    case 'GET /api/flows/water/picture':
      return { svg: data.FLOW_PICTURE };
    case 'GET /api/flows/water/text':
      return { flow: 'water', text: 'flow: water\n', difference: null };
    case 'POST /api/flows/water/check':
      return { faults: [] };
    case 'GET /api/callbacks':
      return { items: data.callbacks() };
    case 'GET /api/kpi':
      return data.kpi();
    case 'GET /api/tickets':
      return { items: data.tickets(), next: 'more' };
  }
  if (/^\/api\/tickets\/.*\/messages$/.test(path)) return { items: [] };
  if (/^\/api\/callbacks\/.*\/cancel$/.test(path)) return undefined;
  const id = /^\/api\/tickets\/.*?(\d+)$/.exec(path)?.[1];
  if (id)
    return data.ticket(
      Number(id),
      method === 'PATCH' ? { ...body, version: 4 } : Number(id) > 200 ? data.tickets()[0] : {},
    );
  return path.startsWith('/api/agent/') ? mock.me : new Refusal(404, 'not_found', '没有找到。', 'Not found.');
}

function order(mock: Mock, path: string, body: Record<string, unknown>): Answer {
  if (path === '/mock-order/silence') mock.silent = body['on'] === true;
  if (path === '/mock-order/pbx') {
    mock.up = body['up'] === true;
    all(mock, {
      type: 'upsert',
      links: [data.link(mock.up)],
      calls: [],
      agents: [],
      queues: [],
      gone_calls: [],
    });
  }
  if (path === '/mock-order/me') {
    mock.me = { ...mock.me, ...body };
    all(mock, { type: 'upsert', links: [], calls: [], agents: [mock.me], queues: [], gone_calls: [] });
  }
  if (path === '/mock-order/pop') {
    mock.pop = body['gone'] ? null : data.pop(body);
    all(mock, mock.pop ? { type: 'pop', pop: mock.pop } : { type: 'pop_withdrawn', call_id: data.CALL });
  }
  if (path === '/mock-order/push') all(mock, body);
  if (path === '/mock-order/drop') for (const client of mock.sockets) client.terminate();
  return { ok: true };
}

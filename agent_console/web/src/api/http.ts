/** One way to ask the server: a deadline on every request, and every failure as an {@link ApiError} with both texts. */
import type { ErrorBody } from '../wire';

export const REQUEST_DEADLINE_MS = 10_000;

const NO_ANSWER: ErrorBody = {
  id: 'no_answer',
  zh: '服务器没有响应。您填写的内容仍在本页，请稍后再试。',
  en: 'The server did not answer. What you typed is still here; try again in a moment.',
  fields: {},
};

const NOT_UNDERSTOOD: ErrorBody = {
  id: 'not_understood',
  zh: '服务器的答复无法识别。请刷新页面；如再次出现，请告知管理员。',
  en: 'The server’s answer could not be read. Reload the page; if it happens again, tell an administrator.',
  fields: {},
};

/** A request that failed: the server's refusal, or no answer at all (`status` 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
  ) {
    super(body.id);
    this.name = 'ApiError';
  }

  /** The text for a person, in their language. */
  text(language: 'zh' | 'en'): string {
    return this.body[language];
  }
}

export type Method = 'GET' | 'POST' | 'PATCH';

/** Ask the server. Throws only {@link ApiError}. A 204 answers undefined. */
export async function ask<T>(method: Method, path: string, body?: unknown): Promise<T> {
  const response = await send(method, path, body);
  const text = await response.text().catch(() => '');
  if (response.status === 204) return undefined as T;
  const answer = parsed(text);
  if (!response.ok) throw new ApiError(response.status, isErrorBody(answer) ? answer : NOT_UNDERSTOOD);
  if (answer === undefined && text !== '') throw new ApiError(response.status, NOT_UNDERSTOOD);
  return answer as T;
}

async function send(method: Method, path: string, body: unknown): Promise<Response> {
  const init: RequestInit = {
    method,
    credentials: 'same-origin',
    headers: {
      Accept: 'application/json',
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    signal: AbortSignal.timeout(REQUEST_DEADLINE_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
  try {
    return await fetch(path, init);
  } catch {
    throw new ApiError(0, NO_ANSWER);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isErrorBody(value: unknown): value is ErrorBody {
  if (typeof value !== 'object' || value === null) return false;
  const { id, zh, en } = value as Record<string, unknown>;
  return typeof id === 'string' && typeof zh === 'string' && typeof en === 'string';
}

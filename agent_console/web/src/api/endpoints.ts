/** Every request that the screens make, by name. The paths are written nowhere else. */
import type {
  AgentView,
  CallbackList,
  CallRecord,
  DemoPhone,
  Health,
  IncidentList,
  IncidentView,
  KpiAnswer,
  MessageList,
  MessageSound,
  NewIncident,
  Presence,
  PushTicket,
  ReportedReadingView,
  Session,
  SiteView,
  Targets,
  Ticket,
  TicketChange,
  TicketPage,
} from '../wire';
import { ask } from './http';

export const site = () => ask<SiteView>('GET', '/api/site');
export const health = () => ask<Health>('GET', '/health');
export const logIn = (user: string, password: string) =>
  ask<Session>('POST', '/api/login', { user, password });
export const logOut = () => ask<void>('POST', '/api/logout');
export const session = () => ask<Session>('GET', '/api/session');
export const pushTicket = () => ask<PushTicket>('POST', '/api/push-ticket');
export const demoPhone = () => ask<DemoPhone>('GET', '/api/demo/phone');

export const choosePresence = (presence: Presence, reason: string | null = null) =>
  ask<AgentView>('POST', '/api/agent/presence', { presence, reason });
export const extendWrapUp = (by_s: number) => ask<AgentView>('POST', '/api/agent/wrap-up/extend', { by_s });
export const targets = () => ask<Targets>('GET', '/api/agent/call/targets');
export const transferToQueue = (queue: string) =>
  ask<AgentView>('POST', '/api/agent/call/to-queue', { queue });
export const transferToColleague = (agent: string) =>
  ask<AgentView>('POST', '/api/agent/call/to-colleague', { agent });
export const consult = (agent: string) => ask<AgentView>('POST', '/api/agent/call/consult', { agent });
export const takeBack = () => ask<AgentView>('POST', '/api/agent/call/take-back');
export const handOver = () => ask<AgentView>('POST', '/api/agent/call/hand-over');
export const joinCall = () => ask<AgentView>('POST', '/api/agent/call/join');
export const reportMute = (muted: boolean) => ask<AgentView>('POST', '/api/agent/call/mute', { muted });
export const finishWrapUp = () => ask<AgentView>('POST', '/api/agent/wrap-up/finish');

export const callbacks = () => ask<CallbackList>('GET', '/api/callbacks');
export const cancelCallback = (id: string) =>
  ask<void>('POST', `/api/callbacks/${encodeURIComponent(id)}/cancel`);
export const messages = (ticket: string) =>
  ask<MessageList>('GET', `/api/tickets/${encodeURIComponent(ticket)}/messages`);
export const message = (id: string) => ask<MessageSound>('GET', `/api/messages/${encodeURIComponent(id)}`);

export const call = (id: string) => ask<CallRecord>('GET', `/api/calls/${encodeURIComponent(id)}`);
export const ticket = (id: string) => ask<Ticket>('GET', `/api/tickets/${encodeURIComponent(id)}`);
export const changeTicket = (id: string, change: TicketChange) =>
  ask<Ticket>('PATCH', `/api/tickets/${encodeURIComponent(id)}`, change);

export const decideReading = (id: string, confirmed: boolean) =>
  ask<ReportedReadingView>('POST', `/api/readings/${encodeURIComponent(id)}/decision`, { confirmed });

/** What a list of tickets can be narrowed to; unset filters are left out. */
export type TicketFilter = Partial<
  Record<
    'q' | 'status' | 'task' | 'category' | 'agent' | 'account' | 'from' | 'to' | 'sort' | 'cursor' | 'limit',
    string
  >
>;

export function tickets(filter: TicketFilter): Promise<TicketPage> {
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== '')).toString();
  return ask<TicketPage>('GET', `/api/tickets${query ? `?${query}` : ''}`);
}

/** Which figures: a period, how finely, as whom, and of which queue or agent; unset filters are left out. */
export type KpiFilter = Record<'from' | 'to' | 'step' | 'profile', string> &
  Partial<Record<'queue' | 'agent', string>>;

export const kpi = (filter: KpiFilter) =>
  ask<KpiAnswer>(
    'GET',
    `/api/kpi?${new URLSearchParams(Object.entries(filter).filter(([, v]) => v !== ''))}`,
  );

export const incidents = () => ask<IncidentList>('GET', '/api/incidents');
export const openIncident = (incident: NewIncident) => ask<IncidentView>('POST', '/api/incidents', incident);
export const endIncident = (id: string) =>
  ask<IncidentView>('PATCH', `/api/incidents/${encodeURIComponent(id)}`, { ended: true });

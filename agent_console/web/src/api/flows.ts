/** The requests about phone menus: their versions, and how callers fared in them. */
import type {
  FlowJudgement,
  FlowList,
  FlowPicture,
  FlowText,
  FlowVersionList,
  FlowView,
  FunnelView,
} from '../wire';
import { ask } from './http';

const at = (flow: string, what: string, query: Record<string, string> = {}) => {
  const given = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '')).toString();
  return `/api/flows/${encodeURIComponent(flow)}/${what}${given ? `?${given}` : ''}`;
};

export const flows = () => ask<FlowList>('GET', '/api/flows');
export const versions = (flow: string) => ask<FlowVersionList>('GET', at(flow, 'versions'));
export const funnel = (flow: string, day: string, version: string) =>
  ask<FunnelView>('GET', at(flow, 'funnel', { day, version }));
export const picture = (flow: string, day: string, version: string) =>
  ask<FlowPicture>('GET', at(flow, 'picture', { day, version }));
export const text = (flow: string, version = '', against = '') =>
  ask<FlowText>('GET', at(flow, 'text', { version, against }));
export const check = (flow: string, draft: string) =>
  ask<FlowJudgement>('POST', at(flow, 'check'), { text: draft });
export const publish = (flow: string, draft: string, based_on: number, comment: string) =>
  ask<FlowView>('POST', at(flow, 'versions'), { text: draft, based_on, comment });
export const back = (flow: string, to: number) => ask<FlowView>('POST', at(flow, 'back'), { to });

/**
 * Short names for the wire types, which are generated from the server's OpenAPI document into `wire.d.ts`.
 * Nothing is declared here that the server does not declare.
 */
import type { components } from './wire.d';

type Schemas = components['schemas'];

export type AccountChoice = Schemas['AccountChoice'];
export type AccountView = Schemas['AccountView'];
export type AgentView = Schemas['AgentView'];
export type ArrearsView = Schemas['ArrearsView'];
export type BillView = Schemas['BillView'];
export type CallbackList = Schemas['CallbackList'];
export type CallbackView = Schemas['CallbackView'];
export type CallRecord = Schemas['CallRecord'];
export type CallView = Schemas['CallView'];
export type Category = Schemas['Category'];
export type DemoPhone = Schemas['DemoPhone'];
export type Disposition = Schemas['Disposition'];
export type ErrorBody = Schemas['ErrorBody'];
export type FlowFault = Schemas['FlowFault'];
export type FlowJudgement = Schemas['FlowJudgement'];
export type FlowList = Schemas['FlowList'];
export type FlowPicture = Schemas['FlowPicture'];
export type FlowText = Schemas['FlowText'];
export type FlowVersionList = Schemas['FlowVersionList'];
export type FlowVersionView = Schemas['FlowVersionView'];
export type FlowView = Schemas['FlowView'];
export type FunnelStep = Schemas['FunnelStep'];
export type FunnelView = Schemas['FunnelView'];
export type Health = Schemas['Health'];
export type IvrStepView = Schemas['IvrStepView'];
export type IncidentList = Schemas['IncidentList'];
export type IncidentView = Schemas['IncidentView'];
export type NewIncident = Schemas['NewIncident'];
export type KpiAnswer = Schemas['KpiAnswer'];
export type KpiFigure = Schemas['KpiFigure'];
export type LinkView = Schemas['LinkView'];
export type LiveView = Schemas['LiveView'];
export type Match = Schemas['Match'];
export type MessageList = Schemas['MessageList'];
export type MessageSound = Schemas['MessageSound'];
export type MessageView = Schemas['MessageView'];
export type Pop = Schemas['Pop'];
export type Presence = Schemas['Presence'];
export type PushTicket = Schemas['PushTicket'];
export type QueueView = Schemas['QueueView'];
export type ReadingView = Schemas['ReadingView'];
export type ReportedReadingView = Schemas['ReportedReadingView'];
export type Role = Schemas['Role'];
export type RoutingStatus = Schemas['RoutingStatus'];
export type Session = Schemas['Session'];
export type SipPhone = Schemas['SipPhone'];
export type SiteView = Schemas['SiteView'];
export type SiteWord = Schemas['SiteWord'];
export type Targets = Schemas['Targets'];
export type Ticket = Schemas['Ticket'];
export type TicketBrief = Schemas['TicketBrief'];
/** Only `version` must be given; what is left out stays as it is. */
export type TicketChange = Pick<Schemas['TicketChange'], 'version'> & Partial<Schemas['TicketChange']>;
export type TicketEntry = Schemas['TicketEntry'];
export type TicketPage = Schemas['TicketPage'];
export type TicketStatus = Schemas['TicketStatus'];

export type Snapshot = Schemas['Snapshot'];
export type Upsert = Schemas['Upsert'];
export type PopFrame = Schemas['PopFrame'];
export type PopWithdrawn = Schemas['PopWithdrawn'];
export type Replaced = Schemas['Replaced'];
export type Heartbeat = Schemas['Heartbeat'];

/** Every frame that the server may push. */
export type Push = Snapshot | Upsert | PopFrame | PopWithdrawn | Replaced | Heartbeat;
/** What the browser says back. */
export type PushCommand = Schemas['PopShown'] | Schemas['ResyncRequest'];

/** Invented people, calls and bills for looking at pages. Nothing here is in a build. */
import type {
  AgentView,
  CallView,
  FlowList,
  FlowVersionList,
  FunnelStep,
  FunnelView,
  IncidentList,
  KpiAnswer,
  KpiFigure,
  LinkView,
  Pop,
  QueueView,
  Session,
  Ticket,
} from '../src/wire';

export const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();
const uuid = (n: number): string => `0b5c7d00-0000-4000-8000-${String(n).padStart(12, '0')}`;
const month = (back: number): string => {
  const today = new Date();
  return new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - back, 1)).toISOString().slice(0, 10);
};

export const site = {
  name_zh: '清源水务',
  name_en: 'Clearspring Water',
  hotline: '96000',
  timezone: 'Asia/Shanghai',
  demo_phone: true,
  replay: null,
};

export const session = (user: string): Session => ({
  user,
  name: user.startsWith('agent') ? '林晓雯' : '陈志远',
  role: user.startsWith('agent') ? 'agent' : 'supervisor',
  extension: user.startsWith('agent') ? '1001' : null,
  phone: user.startsWith('agent')
    ? { uri: 'sip:1001@127.0.0.1', password: 'x', ws_url: 'ws://127.0.0.1:1/ws', display_name: '林晓雯' }
    : null,
  push_url: '',
  expires_at: ago(-36000),
  queues: [{ code: 'water', name_zh: '综合服务', name_en: 'General' }],
  reasons: [{ code: 'meter-walk', name_zh: '抄表', name_en: 'Meter walk' }],
});

export const CALL = uuid(1);
export const TICKET = uuid(101);

export const link = (up: boolean): LinkView => ({
  pbx: 'main',
  up,
  since: ago(up ? 8000 : 42),
  synced_at: ago(75),
  drift: 0,
});

export const call = (n: number, part: Partial<CallView>): CallView => ({
  id: uuid(n),
  pbx: 'main',
  stage: 'queued',
  stage_since: ago(60),
  started_at: ago(120),
  caller_number: `1390000${1000 + n * 7}`,
  caller_name: '',
  language: 'zh',
  account: null,
  verified: false,
  ivr_step: null,
  queue: 'water',
  queued_at: ago(60),
  position: 1,
  agent: null,
  answered_at: null,
  ...part,
});

export const calls = (): CallView[] => [
  call(2, {
    queued_at: ago(141),
    stage_since: ago(141),
    started_at: ago(215),
    position: 1,
    account: '10000012',
    verified: true,
  }),
  call(3, {
    queued_at: ago(83),
    stage_since: ago(83),
    started_at: ago(160),
    position: 2,
    language: 'en',
    caller_number: '+447700900123',
    caller_name: 'Margaret O’Neill',
  }),
  call(4, {
    queued_at: ago(18),
    stage_since: ago(18),
    started_at: ago(48),
    position: 3,
    caller_name: '王建国',
  }),
  call(5, {
    stage: 'in_ivr',
    stage_since: ago(31),
    started_at: ago(33),
    queued_at: null,
    queue: null,
    position: null,
    ivr_step: 'account',
  }),
  call(6, {
    stage: 'in_ivr',
    stage_since: ago(7),
    started_at: ago(8),
    queued_at: null,
    queue: null,
    position: null,
    language: null,
    ivr_step: 'language',
  }),
  call(7, {
    stage: 'talking',
    stage_since: ago(204),
    started_at: ago(290),
    queued_at: ago(214),
    position: null,
    agent: 'agent2',
    answered_at: ago(204),
    account: '10000029',
    verified: true,
  }),
  call(8, {
    stage: 'on_hold',
    stage_since: ago(22),
    started_at: ago(402),
    queued_at: ago(330),
    position: null,
    agent: 'agent3',
    answered_at: ago(318),
    account: '10000037',
  }),
];

const agent = (id: string, name: string, extension: string, part: Partial<AgentView>): AgentView => ({
  id,
  name,
  extension,
  queues: ['water'],
  presence: 'available',
  reason: null,
  presence_since: ago(4210),
  pending: null,
  pending_reason: null,
  routing: 'idle',
  routing_since: ago(35),
  talk: 'none',
  call: null,
  wrap_up_until: null,
  device: 'not_in_use',
  console: true,
  ...part,
});

export const me = (part: Partial<AgentView> = {}): AgentView => agent('agent1', '林晓雯', '1001', part);

export const agents = (): AgentView[] => [
  me(),
  agent('agent2', '赵敏', '1002', {
    routing: 'on_call',
    routing_since: ago(204),
    talk: 'talking',
    call: uuid(7),
    device: 'in_use',
    pending: 'lunch',
  }),
  agent('agent3', 'Daniel Hughes', '1003', {
    routing: 'on_call',
    routing_since: ago(318),
    talk: 'on_hold',
    call: uuid(8),
    device: 'on_hold',
  }),
  agent('agent4', '孙丽华', '1004', { routing: 'wrap_up', routing_since: ago(11), wrap_up_until: ago(-19) }),
  agent('agent5', '周伟', '1005', {
    routing: 'not_responding',
    routing_since: ago(96),
    presence_since: ago(9000),
  }),
  agent('agent6', '吴倩', '1006', {
    presence: 'break',
    presence_since: ago(612),
    routing: 'off_queue',
    routing_since: ago(612),
  }),
  agent('agent7', 'Aisha Khan', '1007', { device: 'unavailable', console: false }),
  agent('agent8', '何俊', '1008', {
    presence: 'offline',
    presence_since: ago(52000),
    routing: 'off_queue',
    routing_since: ago(52000),
    device: 'unavailable',
    console: false,
  }),
];

export const queue = (): QueueView => ({
  name: 'water',
  waiting: [uuid(2), uuid(3), uuid(4)],
  longest_wait_since: ago(141),
  offered: 186,
  answered: 171,
  abandoned: 12,
  asa_s: 17.4,
  service_level_pct: 74.2,
  service_level_target_s: 20,
});

const bills = Array.from({ length: 24 }, (_, back) => {
  const usage = Math.round(14 + 6 * Math.sin((back + 2) / 1.9) + ((back * 7) % 5));
  return {
    period: month(back + 1),
    usage_m3: usage,
    amount_fen: usage * 345 + (usage > 18 ? (usage - 18) * 138 : 0),
    due: month(back).replace(/01$/, '20'),
    open_fen: back < 2 ? usage * 345 : 0,
    late_fee_fen: back === 1 ? 126 : 0,
    estimated: [3, 4, 11, 17].includes(back),
  };
});

const readings = bills.map((bill, back) => ({
  on: bill.period.replace(/01$/, '26'),
  value_m3: 1842 - bills.slice(0, back).reduce((sum, each) => sum + each.usage_m3, 0),
  kind: bill.estimated ? ('estimated' as const) : back === 8 ? ('customer' as const) : ('actual' as const),
}));

export const pop = (part: Partial<Pop> = {}): Pop => ({
  call_id: CALL,
  ticket_id: TICKET,
  queue: 'water',
  wait_s: 37,
  caller_number: '13900001234',
  caller_number_e164: '+8613900001234',
  caller_name: '张慧敏',
  match: 'pin',
  choices: [],
  account: {
    number: '10000012',
    name: '张慧敏',
    address: '清源市临江区梧桐路 118 弄 6 号 1203 室',
    zone: '临江二区',
    tariff: '居民一户一表（三级阶梯）',
    meter_number: 'LXS-20-0084517',
    meter_state: 'in_service',
    vulnerable: true,
    cut_off: false,
    key_account: false,
    balance_fen: 15720,
    arrears: { to_30_days: 5520, to_90_days: 6060, to_365_days: 0, older: 0, total: 11580 },
    last_payment: { on: month(3).replace(/01$/, '14'), amount_fen: 8640, channel: 'alipay' },
    next_bill_on: month(-1),
    bills,
    readings,
  },
  account_keyed: '10000012',
  billing_available: true,
  records_available: true,
  incident: null,
  reported_readings: [
    {
      id: '00000000-0000-4000-8000-000000000301',
      account: '10000012',
      at: new Date(Date.now() - 240_000).toISOString(),
      value_m3: 1486,
      doubt: 'leak',
      state: 'to_confirm',
      decided_by: null,
    },
  ],
  language: 'zh',
  ivr_path: [
    { step: 'language', way: '1', keyed: '1', took_ms: 4120 },
    { step: 'account', way: 'ok', keyed: '10000012', took_ms: 11260 },
    { step: 'pin', way: 'ok', keyed: '', took_ms: 7480 },
    { step: 'bill.due', way: 'ok', keyed: '', took_ms: 14900 },
    { step: 'bill.after', way: 'person', keyed: '0', took_ms: 2310 },
  ],
  ivr_ms: 40070,
  callback_of: null,
  open_tickets: [
    {
      id: uuid(201),
      number: '20261121-000317',
      category: 'repair',
      status: 'dispatched',
      subject: '表前阀门渗水',
      opened_at: ago(93000),
      due_at: ago(5400),
    },
    {
      id: uuid(202),
      number: '20261118-000122',
      category: 'complaint',
      status: 'in_progress',
      subject: '九月账单用水量异常，要求复核抄表',
      opened_at: ago(350000),
      due_at: ago(-9200),
    },
  ],
  last_contacts: [
    {
      id: uuid(201),
      number: '20261121-000317',
      category: 'repair',
      status: 'dispatched',
      subject: '表前阀门渗水',
      opened_at: ago(93000),
      due_at: null,
    },
    {
      id: uuid(203),
      number: '20261102-000088',
      category: 'enquiry',
      status: 'closed',
      subject: '阶梯水价如何计算',
      opened_at: ago(1_800_000),
      due_at: null,
    },
    {
      id: uuid(204),
      number: '20260815-000412',
      category: 'service_request',
      status: 'closed',
      subject: '',
      opened_at: ago(8_500_000),
      due_at: null,
    },
  ],
  calls_7_days: 3,
  offered_at: ago(0),
  ...part,
});

export const ticket = (n: number, part: Partial<Ticket> = {}): Ticket => ({
  id: uuid(n),
  number: `20261122-${String(n).padStart(6, '0')}`,
  version: 3,
  status: 'open',
  category: null,
  subcategory: null,
  disposition: null,
  subject: '',
  account: '10000012',
  caller_number: '13900001234',
  language: 'zh',
  agent: 'agent1',
  opened_at: ago(300),
  updated_at: ago(100),
  closed_at: null,
  due_at: null,
  task: null,
  task_done_at: null,
  call: {
    id: CALL,
    pbx: 'main',
    linkedid: '1763000000.12',
    started_at: ago(420),
    ended_at: ago(60),
    caller_number: '13900001234',
    caller_name: '张慧敏',
    dialled: '96000',
    language: 'zh',
    account: '10000012',
    verified: true,
    ivr_flow: 'water',
    ivr_version: 3,
    ivr_path: pop().ivr_path,
    queue: 'water',
    wait_s: 37,
    talk_s: 214,
    hold_s: 22,
    holds: 1,
    agent: 'agent1',
    outcome: 'answered',
    cause: 16,
    end_assumed: false,
    ticket_id: uuid(n),
    visits: [],
    talks: [],
  },
  entries: [
    { at: ago(420), by: 'system', kind: 'opened', text: '', changes: {} },
    { at: ago(60), by: 'system', kind: 'call', text: '', changes: {} },
    {
      at: ago(30),
      by: 'agent1',
      kind: 'changed',
      text: '',
      changes: {
        category: [null, 'complaint'],
        subcategory: [null, 'reading_dispute'],
        disposition: [null, 'call_back'],
      },
    },
    {
      at: ago(29),
      by: 'agent1',
      kind: 'note',
      text: '来电人反映九月用水量偏高，已核对表号。承诺三个工作日内复核抄表并回电。\n请回访时间在 18:00 以后。',
      changes: {},
    },
  ],
  ...part,
});

const SUBJECTS: readonly Partial<Ticket>[] = [
  {
    subject: '九月账单用水量异常，要求复核抄表',
    category: 'complaint',
    status: 'open',
    disposition: 'call_back',
    due_at: ago(-9200),
  },
  {
    subject: '表前阀门渗水',
    category: 'repair',
    subcategory: 'leak',
    status: 'dispatched',
    disposition: 'escalated',
    due_at: ago(5400),
  },
  {
    subject: '阶梯水价如何计算',
    category: 'enquiry',
    status: 'closed',
    disposition: 'informed',
    closed_at: ago(100),
  },
  {
    subject: 'No water since this morning, whole building',
    category: 'repair',
    status: 'in_progress',
    disposition: 'escalated',
    due_at: ago(-2000),
  },
  {
    subject: '过户所需材料',
    category: 'service_request',
    status: 'closed',
    disposition: 'informed',
    closed_at: ago(100),
  },
  { subject: '', category: null, status: 'open', agent: null, account: null, task: 'call_back' },
  {
    subject: '建议缴费短信提前三天发送',
    category: 'suggestion',
    status: 'follow_up',
    disposition: 'informed',
  },
  {
    subject: '举报小区私接消防水',
    category: 'report',
    status: 'accepted',
    disposition: 'escalated',
    due_at: ago(-80000),
  },
];

export const tickets = (): Ticket[] =>
  Array.from({ length: 22 }, (_, n) =>
    ticket(317 - n, {
      ...SUBJECTS[n % SUBJECTS.length],
      opened_at: ago(240 + n * 1900),
      caller_number: `139****${10 + n}34`,
    }),
  );

const figure = (kpi: KpiFigure['kpi'], value: number): KpiFigure => ({
  kpi,
  formula: kpi,
  unit: 'percent',
  zh: '20 秒内接听 ÷ 转人工总量',
  en: 'answered within 20 s ÷ offered',
  value,
  inputs: [
    { id: 'answered_in_time', zh: '20 秒内接听', en: 'answered within 20 s', value: 387 },
    { id: 'offered', zh: '转人工总量', en: 'offered', value: 552 },
  ],
  goal: { bound: 80, at_most: false },
  met: value >= 80,
});

export const incidents = (): IncidentList => ({
  items: [
    {
      id: CALL,
      kind: 'burst',
      zone: 'Z01',
      streets_zh: '人民路二十八号至一百零二号',
      streets_en: 'Renmin Road twenty-eight to one hundred and two',
      since: ago(1800),
      until: ago(-7200),
      ended_at: null,
      by: 'supervisor1',
      spoken: true,
    },
    {
      id: `${CALL.slice(0, -1)}9`,
      kind: 'planned',
      zone: null,
      streets_zh: '全市',
      streets_en: 'the whole town',
      since: ago(90_000),
      until: ago(60_000),
      ended_at: ago(61_000),
      by: 'supervisor1',
      spoken: true,
    },
  ],
  zones: [{ code: 'Z01', name_zh: '城东', name_en: 'East' }],
});

export const kpi = (): KpiAnswer => ({
  since: ago(36_000),
  until: ago(0),
  profile: 'house',
  profile_zh: '本站',
  profile_en: 'House',
  step: 'hour',
  target_s: 20,
  short_s: 5,
  queue: null,
  agent: null,
  computed_at: ago(8),
  total: [figure('service_level', 70.1), figure('answer_rate', 89.9)],
  points: Array.from({ length: 10 }, (_, n) => ({
    at: ago(36_000 - 3600 * n),
    figures: [figure('service_level', 60 + ((n * 7) % 30)), figure('answer_rate', 85 + n)],
  })),
});

export const flows = (): FlowList => ({
  items: [{ flow: 'water', version: 2, made_at: ago(90_000), made_by: 'admin1', comment: 'Shorter menu' }],
});

export const flowVersions = (): FlowVersionList => ({
  parts: [
    { flow: 'bills', version: 1 },
    { flow: 'identify', version: 0 },
  ],
  items: [
    {
      flow: 'bills',
      version: 1,
      made_at: ago(4_000),
      made_by: 'admin1',
      comment: 'Rounder words',
      back_to: null,
    },
    {
      flow: 'water',
      version: 2,
      made_at: ago(90_000),
      made_by: 'admin1',
      comment: 'Shorter menu',
      back_to: null,
    },
    {
      flow: 'water',
      version: 1,
      made_at: ago(900_000),
      made_by: 'admin1',
      comment: 'Report a leak by key 3',
      back_to: null,
    },
  ],
});

const passed = (step: string, calls: number, gave_up: number, ways: Record<string, number>): FunnelStep => ({
  step,
  calls,
  passes: calls,
  ways: Object.entries(ways).map(([way, passes]) => ({ way, passes })),
  mean_ms: 4100,
  median_ms: 3600,
  p90_ms: 8200,
  gave_up,
  failed: 0,
  drop_off: gave_up / calls,
});

export const funnel = (): FunnelView => ({
  flow: 'water',
  day: '2026-11-24',
  version: null,
  calls: 1240,
  served: 561,
  to_person: 502,
  gave_up: 177,
  containment: 561 / 1240,
  drop_off: 177 / 1240,
  versions: [{ version: 2, calls: 1240 }],
  steps: [
    passed('language', 1240, 31, { '1': 1102, '2': 107 }),
    passed('main', 1209, 74, { '1': 700, '0': 435 }),
    passed('account', 700, 72, { ok: 628 }),
  ],
});

export const FLOW_PICTURE =
  '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="80"><rect width="120" height="40" x="20" y="20" fill="#e6f0f4"/><text x="40" y="45">main</text></svg>';
export const callbacks = () => [
  {
    id: uuid(301),
    call_id: uuid(302),
    ticket_id: uuid(303),
    queue: 'water',
    number: '+8613800138000',
    language: 'zh',
    place: 2,
    state: 'waiting',
    attempts: 1,
    attempts_of: 3,
    since: ago(400),
    asked_at: ago(300),
    next_at: ago(-120),
  },
];

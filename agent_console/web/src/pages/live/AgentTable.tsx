/** Every agent: what they chose to be, what the system makes of them, and how long each. */
import { DisconnectOutlined } from '@ant-design/icons';
import { Table, Tooltip } from 'antd';
import type { ColumnsType } from 'antd/es/table';
import { useTranslation } from 'react-i18next';
import { Dot, usePresenceName } from '../../app/PresenceSwitch';
import { Left, Since } from '../../components/Clock';
import { phoneNumber } from '../../format';
import type { AgentView, CallView } from '../../wire';

const ORDER: Record<AgentView['routing'], number> = {
  not_responding: 0,
  ringing: 1,
  on_call: 2,
  wrap_up: 3,
  idle: 4,
  off_queue: 5,
};

export function agentsInOrder(agents: readonly AgentView[]): AgentView[] {
  return agents.toSorted(
    (a, b) => ORDER[a.routing] - ORDER[b.routing] || a.extension.localeCompare(b.extension),
  );
}

interface Props {
  agents: AgentView[];
  calls: ReadonlyMap<string, CallView>;
}

export function AgentTable({ agents, calls }: Props) {
  const { t } = useTranslation();
  const count = (...routings: AgentView['routing'][]) =>
    agents.filter(agent => routings.includes(agent.routing)).length;
  return (
    <section className="card" aria-labelledby="agents">
      <h2 id="agents" className="table-head">
        {t('live.agents')}
        <small>
          {t('live.agentsCount', {
            ready: count('idle'),
            busy: count('ringing', 'on_call', 'wrap_up'),
            off: count('off_queue', 'not_responding'),
          })}
        </small>
      </h2>
      <Table<AgentView>
        size="small"
        rowKey="id"
        dataSource={agentsInOrder(agents)}
        columns={useColumns(calls)}
        pagination={false}
        locale={{ emptyText: <p className="muted none">{t('live.noAgents')}</p> }}
        onRow={agent =>
          ({
            'data-testid': 'live-agent-row',
            'data-agent': agent.id,
            'data-routing': agent.routing,
            'data-presence': agent.presence,
            'data-reason': agent.reason ?? '',
          }) as object
        }
      />
    </section>
  );
}

function useColumns(calls: ReadonlyMap<string, CallView>): ColumnsType<AgentView> {
  const { t } = useTranslation();
  const presence = usePresenceName();
  return [
    {
      title: t('live.agent'),
      key: 'agent',
      render: (_, agent) => (
        <>
          <b>{agent.name}</b>
          <span className="under mono">{agent.extension}</span>
        </>
      ),
    },
    {
      title: t('live.routing'),
      key: 'routing',
      render: (_, agent) => (
        <span className={`routing ${agent.routing}`}>
          {t(`routing.${agent.routing}`)}
          {agent.routing === 'on_call' && agent.talk !== 'none' && agent.talk !== 'talking' && (
            <b> · {t(`talk.${agent.talk}`)}</b>
          )}
        </span>
      ),
    },
    {
      title: t('live.clock'),
      key: 'clock',
      align: 'right',
      render: (_, agent) => (
        <span className="big-clock">
          <Since at={agent.routing_since} />
          {agent.routing === 'wrap_up' && agent.wrap_up_until && (
            <span className="under">
              <WrapLeft until={agent.wrap_up_until} />
            </span>
          )}
        </span>
      ),
    },
    {
      title: t('live.caller'),
      key: 'caller',
      render: (_, agent) => <With call={agent.call ? calls.get(agent.call) : undefined} />,
    },
    {
      title: t('live.presence'),
      key: 'presence',
      render: (_, agent) => (
        <span className="presence-cell">
          <Dot presence={agent.presence} /> {presence(agent.presence, agent.reason)}
          <span className="under">
            <Since at={agent.presence_since} />
            {agent.pending &&
              ` · ${t('presence.pending', { presence: presence(agent.pending, agent.pending_reason) })}`}
          </span>
        </span>
      ),
    },
    { title: t('live.phone'), key: 'phone', render: (_, agent) => <Phone agent={agent} /> },
  ];
}

function WrapLeft({ until }: { until: string }) {
  const { t } = useTranslation();
  const [before, behind] = t('live.wrapLeft', { time: '|' }).split('|');
  return (
    <>
      {before}
      <Left until={until} />
      {behind}
    </>
  );
}

function With({ call }: { call: CallView | undefined }) {
  if (call === undefined) return '—';
  return <span className="mono">{phoneNumber(call.caller_number)}</span>;
}

const DEAD: ReadonlySet<AgentView['device']> = new Set(['unavailable', 'invalid', 'unknown']);

/** An agent who is ready with a dead phone is what a supervisor must see. */
function Phone({ agent }: { agent: AgentView }) {
  const { t } = useTranslation();
  const dead = DEAD.has(agent.device) && agent.presence !== 'offline';
  return (
    <span className={dead ? 'bad-text' : ''}>
      {dead && <DisconnectOutlined />} {t(`device.${agent.device}`)}
      {!agent.console && agent.presence !== 'offline' && (
        <Tooltip title={t('live.noConsole')}>
          <span className="under warn-text">{t('live.noConsole')}</span>
        </Tooltip>
      )}
    </span>
  );
}

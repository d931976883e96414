/** The supervisor's wallboard: the queues' figures, every caller with their clock, every agent with theirs. */
import { useMemo } from 'react';
import { useDoubt, useLive } from '../../app/live';
import { AgentTable } from './AgentTable';
import { CallbackTable } from './CallbackTable';
import { CallerTable } from './CallerTable';
import { Queued } from './Queued';
import { QueueFigures } from './QueueFigures';
import { Truth } from './Truth';

export default function LivePage() {
  const { calls, agents, queues, links } = useLive(live => live.state);
  const doubt = useDoubt();
  const followed =
    doubt.kind === 'none' || (doubt.kind === 'pbx' && [...links.values()].some(link => link.up));
  const aged = followed ? '' : ' aged';
  const names = useMemo(() => new Map([...agents.values()].map(agent => [agent.id, agent.name])), [agents]);
  return (
    <div className={`live${aged}`} data-testid="live" data-aged={aged !== ''}>
      <Truth />
      <Queued />
      {[...queues.values()].map(queue => (
        <QueueFigures key={queue.name} queue={queue} />
      ))}
      <CallbackTable />
      <div className="live-two">
        <CallerTable calls={[...calls.values()]} agentNames={names} links={links} />
        <AgentTable agents={[...agents.values()]} calls={calls} />
      </div>
    </div>
  );
}

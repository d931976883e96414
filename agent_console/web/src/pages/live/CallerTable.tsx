/** Every caller, those who wait longest on top; those in the menu and in conversation below. */
import { Table } from 'antd';
import type { ColumnsType } from 'antd/es/table';
import { useTranslation } from 'react-i18next';
import { useKnownNow } from '../../app/live';
import { Since } from '../../components/Clock';
import { accountNumber, clock, phoneNumber, secondsSince } from '../../format';
import { useName } from '../../i18n/useName';
import type { CallView, LinkView } from '../../wire';
import { Levelled } from './Level';
import { ofWait } from './thresholds';

const ORDER: Record<CallView['stage'], number> = {
  queued: 0,
  offered: 0,
  in_ivr: 1,
  ringing: 1,
  talking: 2,
  on_hold: 2,
  parked: 2,
  ended: 3,
};

/** Waiting callers by their place; then the others by when they called. */
export function inOrder(calls: readonly CallView[]): CallView[] {
  return calls.toSorted(
    (a, b) =>
      ORDER[a.stage] - ORDER[b.stage] ||
      (a.queued_at ?? a.started_at).localeCompare(b.queued_at ?? b.started_at) ||
      a.id.localeCompare(b.id),
  );
}

const waits = (call: CallView) => call.stage === 'queued' || call.stage === 'offered';

interface Props {
  calls: CallView[];
  agentNames: ReadonlyMap<string, string>;
  links: ReadonlyMap<string, LinkView>;
}

export function CallerTable({ calls, agentNames, links }: Props) {
  const { t } = useTranslation();
  const isOld = (call: CallView) => links.get(call.pbx)?.up === false;
  const count = (...stages: CallView['stage'][]) => calls.filter(call => stages.includes(call.stage)).length;
  return (
    <section className="card" aria-labelledby="callers">
      <h2 id="callers" className="table-head">
        {t('live.callers')}
        <small>
          {t('live.waitingCount', {
            waiting: count('queued', 'offered'),
            menu: count('in_ivr', 'ringing'),
            talking: count('talking', 'on_hold', 'parked'),
          })}
        </small>
      </h2>
      <Table<CallView>
        size="small"
        rowKey="id"
        dataSource={inOrder(calls)}
        columns={useColumns(agentNames)}
        pagination={false}
        locale={{ emptyText: <p className="muted none">{t('live.noCallers')}</p> }}
        rowClassName={call => `${waits(call) ? 'row-waiting' : ''}${isOld(call) ? ' aged' : ''}`}
        onRow={call =>
          ({
            'data-testid': waits(call) ? 'live-waiting-row' : 'live-call-row',
            'data-call': call.id,
            'data-stage': call.stage,
            'data-old': isOld(call),
          }) as object
        }
      />
    </section>
  );
}

function useColumns(agentNames: ReadonlyMap<string, string>): ColumnsType<CallView> {
  const { t } = useTranslation();
  return [
    {
      title: t('live.where'),
      key: 'where',
      render: (_, call) => (
        <span className="stage">
          <span className={`stage-sign ${call.stage}`} aria-hidden="true" />
          <span>
            {t(`stage.${call.stage}`)}
            {call.position !== null && waits(call) && <b className="position">{call.position}</b>}
            {call.stage === 'in_ivr' && call.ivr_step && <Step step={call.ivr_step} />}
          </span>
        </span>
      ),
    },
    { title: t('live.clock'), key: 'clock', align: 'right', render: (_, call) => <CallClock call={call} /> },
    {
      title: t('live.caller'),
      key: 'caller',
      render: (_, call) => (
        <>
          <span className="mono">{phoneNumber(call.caller_number) || t('pop.withheld')}</span>
          {call.caller_name && call.caller_name !== call.caller_number && (
            <bdi className="under">{call.caller_name}</bdi>
          )}
        </>
      ),
    },
    {
      title: t('live.account'),
      key: 'account',
      render: (_, call) =>
        call.account && (
          <>
            <span className="mono">{accountNumber(call.account)}</span>
            <span className={`under ${call.verified ? 'good-text' : ''}`}>
              {t(call.verified ? 'live.verified' : 'live.unverified')}
            </span>
          </>
        ),
    },
    {
      title: t('live.language'),
      key: 'language',
      render: (_, call) => (call.language ? t(`pop.lang_${call.language}`) : '—'),
    },
    {
      title: t('live.agent'),
      key: 'agent',
      render: (_, call) => (call.agent ? (agentNames.get(call.agent) ?? call.agent) : '—'),
    },
    {
      title: t('live.total'),
      key: 'total',
      align: 'right',
      render: (_, call) => <Since at={call.started_at} />,
    },
  ];
}

function Step({ step }: { step: string }) {
  return <span className="under">{useName()('step', step)}</span>;
}

/** Who waits is clocked from joining the queue, whoever rings for them in between; the others since their stage began. */
function CallClock({ call }: { call: CallView }) {
  const now = useKnownNow();
  const seconds = secondsSince(waits(call) ? (call.queued_at ?? call.stage_since) : call.stage_since, now);
  return (
    <span className="clock big-clock" data-testid="live-clock">
      <Levelled level={waits(call) ? ofWait(seconds) : 'good'}>
        {seconds === null ? '—' : clock(seconds)}
      </Levelled>
    </span>
  );
}

/** One queue's figures now and today, each with its formula at hand. */
import { InfoCircleOutlined } from '@ant-design/icons';
import { Tooltip } from 'antd';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useKnownNow } from '../../app/live';
import { useSiteNames } from '../../app/siteNames';
import { clock, NO_VALUE, secondsSince } from '../../format';
import type { QueueView } from '../../wire';
import { Levelled } from './Level';
import { type Level, ofServiceLevel, ofWait } from './thresholds';

const TARGET_PCT = 80;

export function QueueFigures({ queue }: { queue: QueueView }) {
  const { t } = useTranslation();
  const name = useSiteNames().queue(queue.name);
  const longest = secondsSince(queue.longest_wait_since, useKnownNow());
  const target_s = queue.service_level_target_s;
  return (
    <section
      className="card queue"
      aria-label={`${t('live.queue')} ${name}`}
      data-testid="live-queue"
      data-queue={queue.name}
    >
      <h2 className="queue-name">
        <small>{t('live.queue')}</small> {name}
      </h2>
      <dl className="figures">
        <Figure name={t('live.waiting')} big testid="live-waiting">
          {queue.waiting.length}
        </Figure>
        <Figure
          name={t('live.longest')}
          level={ofWait(longest)}
          hint={t('live.waitRule')}
          big
          testid="live-longest"
        >
          {longest === null ? NO_VALUE : clock(longest)}
        </Figure>
        <Figure
          name={t('live.sl')}
          under={t('live.slOf', { pct: TARGET_PCT, s: target_s })}
          level={ofServiceLevel(queue.service_level_pct)}
          hint={t('live.slFormula', { s: target_s })}
          big
          testid="live-sl"
        >
          {queue.service_level_pct === null ? NO_VALUE : `${queue.service_level_pct.toFixed(1)} %`}
        </Figure>
        <Figure
          name={t('live.asaShort')}
          hint={`${t('live.asa')}: ${t('live.asaFormula')}`}
          testid="live-asa"
        >
          {queue.asa_s === null ? NO_VALUE : t('live.seconds', { s: queue.asa_s.toFixed(1) })}
        </Figure>
        <Figure name={t('live.offered')} under={t('live.today')} testid="live-offered">
          {queue.offered}
        </Figure>
        <Figure name={t('live.answered')} under={t('live.today')} testid="live-answered">
          {queue.answered}
        </Figure>
        <Figure name={t('live.abandoned')} under={abandonedShare(queue, t)} testid="live-abandoned">
          {queue.abandoned}
        </Figure>
      </dl>
    </section>
  );
}

function abandonedShare(queue: QueueView, t: ReturnType<typeof useTranslation>['t']): string {
  if (queue.offered === 0) return t('live.today');
  return t('live.abandonedPct', { pct: `${((100 * queue.abandoned) / queue.offered).toFixed(1)} %` });
}

interface FigureProps {
  name: string;
  under?: string;
  level?: Level;
  hint?: string;
  big?: boolean;
  testid: string;
  children: ReactNode;
}

function Figure({ name, under, level = 'good', hint, big = false, testid, children }: FigureProps) {
  return (
    <div className={`figure ${level === 'good' ? '' : level}${big ? ' big' : ''}`}>
      <dt>
        {name}
        {hint && (
          <Tooltip title={hint}>
            <button type="button" className="hint" aria-label={`${name}: ${hint}`}>
              <InfoCircleOutlined />
            </button>
          </Tooltip>
        )}
      </dt>
      <dd data-testid={testid}>
        <Levelled level={level}>{children}</Levelled>
      </dd>
      <small>{under ?? '\u00a0'}</small>
    </div>
  );
}

/** Who calls, how sure that is, and how they came here. */
import {
  CheckCircleFilled,
  ExclamationCircleFilled,
  EyeInvisibleOutlined,
  PhoneOutlined,
  QuestionCircleFilled,
  WarningFilled,
} from '@ant-design/icons';
import { Tooltip } from 'antd';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useSiteNames } from '../../app/siteNames';
import { accountNumber, clock, phoneNumber } from '../../format';
import type { Match, Pop } from '../../wire';

export function CallerStrip({ pop }: { pop: Pop }) {
  const { t } = useTranslation();
  const { queue } = useSiteNames();
  const number = pop.caller_number ? phoneNumber(pop.caller_number) : t('pop.withheld');
  const e164 = pop.caller_number_e164;
  return (
    <header className="card strip">
      <div className="strip-who">
        <span className="strip-number" data-testid="pop-number">
          {number}
        </span>
        <span className="muted" data-testid="pop-e164">
          {e164 && e164 !== pop.caller_number ? phoneNumber(e164) : ''}
          {pop.caller_name && <bdi className="strip-name">{pop.caller_name}</bdi>}
        </span>
      </div>
      {pop.callback_of && (
        <span className="tag warn" data-testid="pop-callback">
          <PhoneOutlined aria-hidden="true" /> {t('pop.callback')}
        </span>
      )}
      <MatchBadge match={pop.match} several={pop.choices.length} />
      <dl className="strip-facts">
        <Fact name={t('pop.queue')} testid="pop-queue">
          {pop.queue && queue(pop.queue)}
        </Fact>
        <Fact name={t('pop.wait')} testid="pop-wait">
          <span className={pop.wait_s > 120 ? 'bad-text' : ''}>{clock(pop.wait_s)}</span>
        </Fact>
        <Fact name={t('pop.language')} testid="pop-language">
          {pop.language ? <b>{t(`pop.lang_${pop.language}`)}</b> : '—'}
        </Fact>
        <Fact name={t('pop.keyed')} testid="pop-keyed">
          {pop.account_keyed ? accountNumber(pop.account_keyed) : '—'}
        </Fact>
      </dl>
      <Repeat pop={pop} />
    </header>
  );
}

function Fact({ name, testid, children }: { name: string; testid: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd data-testid={testid}>{children}</dd>
    </div>
  );
}

function Repeat({ pop }: { pop: Pop }) {
  const { t } = useTranslation();
  if (!pop.records_available) return null;
  if (pop.calls_7_days <= 1) return <span className="muted strip-repeat">{t('pop.firstCall')}</span>;
  return (
    <span className={`strip-repeat tag ${pop.calls_7_days >= 3 ? 'warn' : ''}`} data-testid="pop-repeat">
      {t('pop.repeat', { count: pop.calls_7_days })}
    </span>
  );
}

const LOOKS: Record<Match, readonly [ReactNode, 'good' | 'warn' | 'plain']> = {
  pin: [<CheckCircleFilled key="i" />, 'good'],
  keyed: [<ExclamationCircleFilled key="i" />, 'warn'],
  caller_id: [<WarningFilled key="i" />, 'warn'],
  several: [<WarningFilled key="i" />, 'warn'],
  none: [<QuestionCircleFilled key="i" />, 'plain'],
  withheld: [<EyeInvisibleOutlined key="i" />, 'plain'],
};

/** Anything but a right PIN is unverified, and says so in words. */
function MatchBadge({ match, several }: { match: Match; several: number }) {
  const { t } = useTranslation();
  const [icon, tone] = LOOKS[match];
  return (
    <div className={`match ${tone}`} data-testid="pop-match" data-match={match}>
      {icon}
      <span>
        <strong>{t(`pop.match_${match}`, { count: several })}</strong>
        {match !== 'pin' && (
          <Tooltip title={t('pop.unverifiedHint')}>
            <button type="button" className="match-note">
              {t('pop.unverified')}
              <span className="unseen">. {t('pop.unverifiedHint')}</span>
            </button>
          </Tooltip>
        )}
      </span>
    </div>
  );
}

/** 弹屏: everything about the caller at one glance. Reports when it is painted; the phone rings only after that. */
import { Alert } from 'antd';
import { lazy, Suspense, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { tellServer, useLive } from '../../app/live';
import { afterPaint } from '../../app/marks';
import { useLanguage, useTimes } from '../../app/site';
import { agentPhone } from '../../phone/agentPhone';
import type { IncidentView, Pop } from '../../wire';
import { AccountHead, Facts } from './AccountCard';
import { CallerStrip } from './CallerStrip';
import { Choices } from './Choices';
import { MenuPath } from './MenuPath';
import { ReportedReadings } from './ReportedReadings';
import { TicketBriefs } from './TicketBriefs';

const UsagePanel = lazy(() => import('./UsagePanel'));

export function PopPanel({ pop }: { pop: Pop }) {
  const { t } = useTranslation();
  useTellPainted(pop.call_id);
  const { account } = pop;
  return (
    <section
      className="pop"
      data-testid="pop"
      data-call={pop.call_id}
      aria-label={t('pop.title')}
      aria-live="polite"
    >
      <CallerStrip pop={pop} />
      {pop.incident && (
        <Alert
          type="error"
          showIcon
          title={t('incidents.here', { kind: t(`incident.${pop.incident.kind}`) })}
          description={<IncidentFacts incident={pop.incident} />}
          data-testid="pop-incident"
        />
      )}
      {!pop.billing_available && (
        <Alert
          type="warning"
          showIcon
          title={t('pop.billingDownTitle')}
          description={t('pop.billingDownHint')}
          data-testid="pop-billing-down"
        />
      )}
      {!pop.records_available && (
        <Alert
          type="warning"
          showIcon
          title={t('pop.recordsDownTitle')}
          description={t('pop.recordsDownHint')}
        />
      )}
      {pop.choices.length > 0 && <Choices choices={pop.choices} callId={pop.call_id} />}
      {account ? (
        <>
          <AccountHead account={account} />
          <Facts account={account} />
        </>
      ) : (
        pop.billing_available &&
        pop.choices.length === 0 && (
          <Alert
            type="info"
            showIcon
            title={t('pop.noAccountTitle')}
            description={t('pop.noAccountHint')}
            data-testid="pop-no-account"
          />
        )
      )}
      <div className="pop-grid">
        {account && (account.bills.length > 0 || account.readings.length > 0) && (
          <Suspense fallback={<div className="card usage chart-wait" />}>
            <UsagePanel account={account} />
          </Suspense>
        )}
        {pop.reported_readings.length > 0 && <ReportedReadings readings={pop.reported_readings} />}
        <MenuPath pop={pop} />
        <TicketBriefs
          title={t('pop.openTickets')}
          none={t('pop.noOpenTickets')}
          known={pop.records_available}
          tickets={pop.open_tickets}
          testid="pop-open-tickets"
          deadlines
        />
        <TicketBriefs
          title={t('pop.lastContacts')}
          none={t('pop.noContacts')}
          known={pop.records_available}
          tickets={pop.last_contacts}
          testid="pop-last-contacts"
        />
      </div>
    </section>
  );
}

function IncidentFacts({ incident }: { incident: IncidentView }) {
  const { t } = useTranslation();
  const times = useTimes();
  const streets = useLanguage() === 'zh' ? incident.streets_zh : incident.streets_en;
  const until = incident.until ? times.stamp(incident.until) : t('incidents.unknown');
  return <>{t('incidents.facts', { streets, until })}</>;
}

/** Once per offer: tell the phone that it may ring, and the server how long the agent's eyes had to wait. */
function useTellPainted(callId: string): void {
  const count = useLive(live => live.popCount);
  const told = useRef(-1);
  useEffect(() => {
    if (told.current === count) return;
    const arrived = useLive.getState().popArrived;
    return afterPaint(() => {
      told.current = count;
      const shown_ms = Math.min(600_000, Math.max(0, Math.round(performance.now() - arrived)));
      agentPhone()?.popPainted(callId);
      tellServer({ type: 'pop_shown', call_id: callId, shown_ms });
    });
  }, [callId, count]);
}

/** The agent's page: the caller on the left, the ticket on the right; between calls what is going on. */
import { Alert } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useDoubt, useLive, useMe } from '../../app/live';
import { Net } from '../../components/Errors';
import { useDrafts } from '../../drafts';
import { usePhone } from '../../phone/store';
import { IdlePanel } from './IdlePanel';
import { PopPanel } from './PopPanel';
import { TicketForm } from './TicketForm';

export default function ConsolePage() {
  const pop = useLive(live => live.state.pop);
  const me = useMe();
  const phoneBusy = usePhone(phone => phone.call !== null);
  const busy = phoneBusy || me?.routing === 'on_call' || me?.routing === 'wrap_up';
  const [reopened, reopen] = useState<string | null>(null);
  const aged = useDoubt().kind === 'stale' ? ' aged' : '';
  const draft = useDrafts(store => (reopened === null ? undefined : store.drafts.get(reopened)));

  if (pop !== null || busy) {
    const callId = pop?.call_id ?? me?.call ?? null;
    return (
      <div className="console">
        <div className={`console-main${aged}`}>
          <Net name="pop">{pop ? <PopPanel pop={pop} key={pop.call_id} /> : <NoPop />}</Net>
        </div>
        <aside className="console-side">
          <Net name="ticket">
            <TicketForm
              key={callId ?? 'unknown'}
              callId={callId}
              ticketId={pop?.ticket_id ?? null}
              label={pop?.account?.name ?? pop?.caller_number ?? ''}
              proposedAccount={pop?.account?.number ?? null}
            />
          </Net>
        </aside>
      </div>
    );
  }
  return (
    <div className="console">
      <div className="console-main">
        <IdlePanel onReopen={reopen} reopened={draft?.key ?? null} />
      </div>
      {draft && (
        <aside className="console-side">
          <TicketForm
            key={draft.key}
            callId={draft.callId}
            ticketId={draft.ticketId}
            label={draft.label}
            proposedAccount={null}
            onDone={() => reopen(null)}
          />
        </aside>
      )}
    </div>
  );
}

function NoPop() {
  const { t } = useTranslation();
  const ringing = usePhone(phone => phone.call?.state === 'ringing' || phone.call?.state === 'silent');
  return (
    <Alert
      type="warning"
      showIcon
      data-testid="pop-missing"
      title={t(ringing ? 'call.incomingNoData' : 'idle.inCall')}
      description={t(ringing ? 'call.incomingNoDataHint' : 'idle.inCallHint')}
    />
  );
}

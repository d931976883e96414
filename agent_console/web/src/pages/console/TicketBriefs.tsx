/** Open tickets with their deadlines, or the last contacts: one line each, opening the whole ticket. */
import { ClockCircleOutlined, WarningFilled } from '@ant-design/icons';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { useNow } from '../../app/live';
import { useTimes } from '../../app/site';
import { useAge } from '../../components/useAge';
import type { TicketBrief } from '../../wire';

interface Props {
  title: string;
  none: string;
  /** False when they could not be read: then "none" would be a lie. */
  known: boolean;
  tickets: TicketBrief[];
  testid: string;
  deadlines?: boolean;
}

export function TicketBriefs({ title, none, known, tickets, testid, deadlines = false }: Props) {
  const { t } = useTranslation();
  return (
    <div className="card" data-testid={testid}>
      <h3>
        {title}
        {tickets.length > 0 && <small>{tickets.length}</small>}
      </h3>
      {tickets.length === 0 && <p className="muted none">{known ? none : t('pop.missing')}</p>}
      <ul className="plain briefs">
        {tickets.map(ticket => (
          <Brief key={ticket.id} ticket={ticket} deadline={deadlines} />
        ))}
      </ul>
    </div>
  );
}

function Brief({ ticket, deadline }: { ticket: TicketBrief; deadline: boolean }) {
  const { t } = useTranslation();
  const times = useTimes();
  const now = useNow();
  return (
    <li>
      <Link href={`/tickets/${ticket.id}`} className="brief-subject">
        {ticket.subject || t('tickets.noSubject')}
      </Link>
      <span className="brief-line">
        {ticket.category && <span className="tag">{t(`category.${ticket.category}`)}</span>}
        <span className="tag">{t(`status.${ticket.status}`)}</span>
        <span className="muted">{times.short(ticket.opened_at, now)}</span>
        {deadline && ticket.due_at && <Due at={ticket.due_at} />}
      </span>
    </li>
  );
}

export function Due({ at }: { at: string }) {
  const { t } = useTranslation();
  const age = useAge();
  const left = (Date.parse(at) - useNow()) / 1000;
  if (left < 0) {
    return (
      <span className="due bad-text">
        <WarningFilled /> {t('pop.overdue', { age: age(-left) })}
      </span>
    );
  }
  return (
    <span className={left < 4 * 3600 ? 'due warn-text' : 'due muted'}>
      <ClockCircleOutlined /> {t('pop.dueIn', { age: age(left) })}
    </span>
  );
}

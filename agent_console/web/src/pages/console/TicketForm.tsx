/** The ticket of a call: filled in during the call or in wrap-up, kept as it is typed, saved with one key. */
import { CheckOutlined, SaveOutlined } from '@ant-design/icons';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Input, Radio } from 'antd';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as api from '../../api/endpoints';
import { useMe } from '../../app/live';
import { useOrder } from '../../app/StateBar';
import { useTimes } from '../../app/site';
import { ErrorNote } from '../../components/Errors';
import { type Fields, isAccountNumber, isDirty, useDrafts } from '../../drafts';
import { completes, FieldConflict, save } from '../../saving';
import type { Category, Disposition, Ticket } from '../../wire';
import { SUBCATEGORIES } from './subcategories';
import { useDraftFields } from './useDraftFields';

const CATEGORIES: readonly Category[] = [
  'enquiry',
  'repair',
  'complaint',
  'suggestion',
  'report',
  'service_request',
];
const DISPOSITIONS: readonly Disposition[] = [
  'resolved',
  'informed',
  'call_back',
  'escalated',
  'wrong_number',
  'no_answer',
];

interface Props {
  callId: string | null;
  ticketId: string | null;
  label: string;
  proposedAccount: string | null;
  onDone?: () => void;
}

export function TicketForm(props: Props) {
  const { t } = useTranslation();
  const { key, draft, touch } = useDraftFields(props);
  const { data: ticket } = useTicket(props.callId, props.ticketId ?? draft?.ticketId ?? null);
  const fields = shown(ticket, draft?.touched, props.proposedAccount);
  const saving = useSaving(key, ticket, fields, draft?.touched, props.onDone);
  const wrapUp = useMe()?.routing === 'wrap_up';
  const dirty = isDirty(draft);
  return (
    <form
      className="card ticket-form"
      data-testid="wrapup-form"
      onSubmit={event => {
        event.preventDefault();
        void saving.run(false);
      }}
    >
      <h2 className="form-head">
        <span data-testid="wrapup-ticket" data-ticket={ticket?.id ?? ''}>
          {ticket ? t('wrapup.number', { number: ticket.number }) : t('wrapup.title')}
        </span>
        <SaveState dirty={dirty} savedAt={saving.savedAt} />
      </h2>
      <FormFields fields={fields} touch={touch} />
      {saving.error !== null && <SaveError error={saving.error} />}
      {saving.hint && (
        <Alert type="warning" showIcon title={saving.hint} role="alert" data-testid="wrapup-hint" />
      )}
      <div className="form-actions">
        <Button
          htmlType="submit"
          icon={<SaveOutlined />}
          loading={saving.busy}
          type={wrapUp ? 'default' : 'primary'}
          data-testid="wrapup-save"
        >
          {t('wrapup.save')}
        </Button>
        {wrapUp && (
          <Button
            type="primary"
            icon={<CheckOutlined />}
            loading={saving.busy}
            onClick={() => void saving.run(true)}
            data-testid="wrapup-save-finish"
          >
            {t('wrapup.saveFinish')}
          </Button>
        )}
      </div>
    </form>
  );
}

function SaveState({ dirty, savedAt }: { dirty: boolean; savedAt: number | null }) {
  const { t } = useTranslation();
  const times = useTimes();
  return (
    <small
      role="status"
      data-testid="wrapup-state"
      data-state={dirty ? 'unsaved' : savedAt ? 'saved' : 'empty'}
    >
      {dirty ? t('wrapup.unsaved') : savedAt ? t('wrapup.saved', { time: times.time(savedAt) }) : ''}
    </small>
  );
}

function SaveError({ error }: { error: unknown }) {
  const { t } = useTranslation();
  if (!(error instanceof FieldConflict)) return <ErrorNote error={error} />;
  const names = error.fields.map(field => t(`wrapup.${field}`)).join(', ');
  const by = error.ticket.entries.at(-1)?.by ?? t('app.unknown');
  return <Alert type="error" showIcon role="alert" title={t('wrapup.conflict', { by, fields: names })} />;
}

// ---------------------------------------------------------------- the fields

type Touch = (part: Partial<Fields>) => void;

function FormFields({ fields, touch }: { fields: Fields; touch: Touch }) {
  const { t } = useTranslation();
  const subcategories = fields.category ? SUBCATEGORIES[fields.category] : [];
  const badAccount = fields.account !== '' && !isAccountNumber(fields.account);
  return (
    <>
      <Chips
        label={t('wrapup.category')}
        name="category"
        value={fields.category}
        options={CATEGORIES.map(value => [value, t(`category.${value}`)])}
        onChange={category => touch({ category, subcategory: null })}
      />
      {subcategories.length > 0 && (
        <Chips
          label={t('wrapup.subcategory')}
          name="subcategory"
          value={fields.subcategory}
          options={subcategories.map(value => [value, t(`subcategory.${value}`)])}
          onChange={subcategory => touch({ subcategory })}
        />
      )}
      <Field label={t('wrapup.subject')} id="subject">
        <Input
          id="subject"
          value={fields.subject}
          maxLength={200}
          placeholder={t('wrapup.subjectHint')}
          onChange={event => touch({ subject: event.target.value })}
          data-testid="wrapup-subject"
        />
      </Field>
      <Field label={t('wrapup.note')} id="note">
        <Input.TextArea
          id="note"
          value={fields.note}
          maxLength={4000}
          rows={5}
          className="note"
          placeholder={t('wrapup.noteHint')}
          onChange={event => touch({ note: event.target.value })}
          data-testid="wrapup-note"
        />
      </Field>
      <Field label={t('wrapup.account')} id="account" error={badAccount ? t('wrapup.accountInvalid') : ''}>
        <Input
          id="account"
          value={fields.account}
          inputMode="numeric"
          maxLength={8}
          status={badAccount ? 'error' : ''}
          aria-invalid={badAccount}
          aria-describedby={badAccount ? 'account-error' : undefined}
          onChange={event => touch({ account: event.target.value.replace(/\D/g, '') })}
          data-testid="wrapup-account"
        />
      </Field>
      <Chips
        label={t('wrapup.disposition')}
        name="disposition"
        value={fields.disposition}
        options={DISPOSITIONS.map(value => [value, t(`disposition.${value}`)])}
        onChange={disposition => touch({ disposition })}
      />
    </>
  );
}

function Field({
  label,
  id,
  error = '',
  children,
}: {
  label: string;
  id: string;
  error?: string;
  children: ReactNode;
}) {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children}
      {error && (
        <span className="field-error" id={`${id}-error`}>
          {error}
        </span>
      )}
    </div>
  );
}

interface ChipsProps<T extends string> {
  label: string;
  name: string;
  value: T | string | null;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
}

/** All choices in sight, one click or the arrow keys. */
function Chips<T extends string>({ label, name, value, options, onChange }: ChipsProps<T>) {
  return (
    <fieldset className="field" data-testid={`wrapup-${name}`} data-value={value ?? ''}>
      <legend>{label}</legend>
      <Radio.Group
        name={name}
        value={value}
        onChange={event => onChange(event.target.value as T)}
        optionType="button"
        className="chips"
      >
        {options.map(([option, text]) => (
          <Radio.Button key={option} value={option}>
            <span data-testid={`wrapup-${name}-${option}`}>{text}</span>
          </Radio.Button>
        ))}
      </Radio.Group>
    </fieldset>
  );
}

// ---------------------------------------------------------------- what is shown, and saving it

/** What was typed wins over what the ticket holds; an account that the caller proved is proposed. */
function shown(
  ticket: Ticket | undefined,
  touched: Partial<Fields> | undefined,
  proposed: string | null,
): Fields {
  return {
    category: ticket?.category ?? null,
    subcategory: ticket?.subcategory ?? null,
    disposition: ticket?.disposition ?? null,
    subject: ticket?.subject ?? '',
    account: ticket?.account ?? proposed ?? '',
    note: '',
    ...touched,
  };
}

/** The ticket itself; before it is known, the call is asked which one it is. */
function useTicket(callId: string | null, ticketId: string | null) {
  return useQuery({
    queryKey: ['ticket', ticketId ?? '', callId ?? ''],
    queryFn: () => findTicket(callId, ticketId),
    enabled: callId !== null || ticketId !== null,
    staleTime: 0,
    refetchOnMount: 'always',
    retry: 4,
    retryDelay: attempt => 1_000 * 2 ** attempt,
  });
}

async function findTicket(callId: string | null, ticketId: string | null): Promise<Ticket> {
  const id = ticketId ?? (callId === null ? null : (await api.call(callId)).ticket_id);
  if (id === null) throw new TicketNotThere();
  return await api.ticket(id);
}

class TicketNotThere extends Error {}

function useSaving(
  key: string,
  ticket: Ticket | undefined,
  fields: Fields,
  touched: Partial<Fields> | undefined,
  onDone: (() => void) | undefined,
) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const order = useOrder();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [hint, setHint] = useState('');
  const [savedAt, setSavedAt] = useState<number | null>(null);

  const store = async (seen: Ticket, finish: boolean) => {
    const outgoing = { ...touched };
    if (fields.account && fields.account !== seen.account) outgoing.account = fields.account;
    try {
      const now = await save(seen, outgoing, undefined, finish && completes(seen, fields.disposition));
      queries.setQueriesData<Ticket>({ queryKey: ['ticket', now.id] }, now);
      forget(key, outgoing);
      setSavedAt(Date.now());
      return true;
    } catch (refused) {
      if (refused instanceof FieldConflict)
        queries.setQueriesData({ queryKey: ['ticket', seen.id] }, refused.ticket);
      setError(refused);
      return false;
    }
  };

  const run = async (finish: boolean) => {
    setError(null);
    setHint(problem(fields, ticket, t));
    if (problem(fields, ticket, t) !== '') {
      if (ticket === undefined) void queries.invalidateQueries({ queryKey: ['ticket'] });
      return;
    }
    setBusy(true);
    const saved = ticket !== undefined && (await store(ticket, finish));
    if (saved && finish) await order(api.finishWrapUp);
    setBusy(false);
    if (saved) onDone?.();
  };
  return { run, busy, error, hint, savedAt };
}

/** Say what is missing before anything is sent; empty when all is well. */
function problem(
  fields: Fields,
  ticket: Ticket | undefined,
  t: ReturnType<typeof useTranslation>['t'],
): string {
  if (ticket === undefined) return t('wrapup.noTicket');
  if (fields.category === null) return t('wrapup.needCategory');
  if (fields.disposition === null) return t('wrapup.needDisposition');
  if (fields.account !== '' && !isAccountNumber(fields.account)) return t('wrapup.accountInvalid');
  return '';
}

/** What went out is no draft any more; what was typed while it was on its way still is. */
function forget(key: string, sent: Partial<Fields>): void {
  const { drafts, put, drop } = useDrafts.getState();
  const draft = drafts.get(key);
  if (!draft) return;
  const left = Object.fromEntries(
    Object.entries(draft.touched).filter(([name, value]) => sent[name as keyof Fields] !== value),
  );
  if (Object.keys(left).length === 0) drop(key);
  else put({ ...draft, touched: left });
}

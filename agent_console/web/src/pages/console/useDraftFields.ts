/** Reads and writes the draft of one call's form. Typing goes straight to the store, so nothing waits to be lost. */
import { useCallback } from 'react';
import { type Fields, useDrafts } from '../../drafts';

interface Subject {
  readonly callId: string | null;
  readonly ticketId: string | null;
  readonly label: string;
}

export const draftKey = ({ callId, ticketId }: Pick<Subject, 'callId' | 'ticketId'>): string =>
  callId ?? ticketId ?? 'unknown';

export function useDraftFields({ callId, ticketId, label }: Subject) {
  const key = draftKey({ callId, ticketId });
  const draft = useDrafts(store => store.drafts.get(key));
  const touch = useCallback(
    (part: Partial<Fields>) => {
      const { drafts, put } = useDrafts.getState();
      const was = drafts.get(key);
      put({
        key,
        callId,
        ticketId: ticketId ?? was?.ticketId ?? null,
        label: label || was?.label || '',
        at: was?.at ?? new Date().toISOString(),
        touched: { ...was?.touched, ...part },
      });
    },
    [key, callId, ticketId, label],
  );
  return { key, draft, touch };
}

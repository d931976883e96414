/** When what a page shows was read from the server; in words that can't be missed if it could not be read since. */
import { WarningFilled } from '@ant-design/icons';
import { useTranslation } from 'react-i18next';
import { useTimes } from '../app/site';

interface Read {
  /** In ms of this machine's clock; 0 before the first answer. */
  readonly dataUpdatedAt: number;
  readonly isError: boolean;
}

export function ReadAt({ read }: { read: Read }) {
  const { t } = useTranslation();
  const times = useTimes();
  if (read.dataUpdatedAt === 0) return null;
  const time = times.time(read.dataUpdatedAt);
  return (
    <small
      className={read.isError ? 'read-at bad-text' : 'read-at'}
      data-testid="read-at"
      data-old={read.isError}
    >
      {read.isError && <WarningFilled aria-hidden="true" />}{' '}
      {t(read.isError ? 'trust.notRead' : 'trust.read', { time })}
    </small>
  );
}

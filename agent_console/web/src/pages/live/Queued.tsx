/** What waits on disk because the database is away: only there when something does. */
import { useQuery } from '@tanstack/react-query';
import { Alert } from 'antd';
import { useTranslation } from 'react-i18next';
import * as api from '../../api/endpoints';
import { clock } from '../../format';

const EVERY_MS = 5_000;
const WORTH_TELLING_S = 5;

export function Queued() {
  const { t } = useTranslation();
  const { data } = useQuery({ queryKey: ['health'], queryFn: api.health, refetchInterval: EVERY_MS });
  if (data === undefined) return null;
  if (data.spool_full) {
    return (
      <Alert
        type="error"
        role="alert"
        data-testid="queued"
        title={t('queued.full')}
        description={t('queued.fullText')}
      />
    );
  }
  if (data.queued_bytes === 0 || data.journal_delay_s < WORTH_TELLING_S) return null;
  return (
    <Alert
      type="warning"
      role="status"
      data-testid="queued"
      title={t('queued.title', { size: Math.ceil(data.queued_bytes / 1000) })}
      description={t('queued.text', { age: clock(data.journal_delay_s) })}
    />
  );
}

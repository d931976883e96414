/** A value that is worth watching says so by a sign and a word, not only by its colour. */
import { ExclamationCircleFilled, WarningFilled } from '@ant-design/icons';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Level } from './thresholds';

export function Levelled({ level, children }: { level: Level; children: ReactNode }) {
  const { t } = useTranslation();
  if (level === 'good') return <>{children}</>;
  const name = t(`live.${level}`);
  return (
    <span className={`${level}-text levelled`} data-level={level}>
      {children}{' '}
      {level === 'bad' ? (
        <WarningFilled aria-label={name} title={name} />
      ) : (
        <ExclamationCircleFilled aria-label={name} title={name} />
      )}
    </span>
  );
}

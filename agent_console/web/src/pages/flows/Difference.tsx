/** What one version has that another has not, line by line. */
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import * as api from '../../api/flows';
import { Waiting } from '../../app/App';
import { ErrorNote } from '../../components/Errors';

interface Props {
  flow: string;
  version: number;
  against: number;
}

export function Difference({ flow, version, against }: Props) {
  const { t } = useTranslation();
  const { data, error } = useQuery({
    queryKey: ['flow-text', flow, version, against],
    queryFn: () => api.text(flow, String(version), String(against)),
  });
  if (error) return <ErrorNote error={error} />;
  if (!data) return <Waiting />;
  const lines = (data.difference ?? '').split('\n');
  return (
    <figure className="difference">
      <figcaption>{t('flows.difference', { version, against })}</figcaption>
      <pre>
        {data.difference
          ? lines.map((line, number) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the lines of one text never move
              <span key={number} className={kindOf(line)}>
                {line}
                {'\n'}
              </span>
            ))
          : t('flows.same')}
      </pre>
    </figure>
  );
}

function kindOf(line: string): string {
  if (line.startsWith('+')) return 'added';
  return line.startsWith('-') ? 'removed' : '';
}

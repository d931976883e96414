/** Readings that the customer keyed on the telephone: what is doubtful about each, and whether it is right. */
import { CheckOutlined, CloseOutlined } from '@ant-design/icons';
import { useMutation } from '@tanstack/react-query';
import { Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { decideReading } from '../../api/endpoints';
import { useNow } from '../../app/live';
import { useTimes } from '../../app/site';
import { ErrorNote } from '../../components/Errors';
import type { ReportedReadingView } from '../../wire';

export function ReportedReadings({ readings }: { readings: readonly ReportedReadingView[] }) {
  const { t } = useTranslation();
  return (
    <div className="card" data-testid="pop-reported">
      <h3>{t('reported.title')}</h3>
      <ul className="plain rows">
        {readings.map(reading => (
          <Reported key={reading.id} reading={reading} />
        ))}
      </ul>
    </div>
  );
}

function Reported({ reading }: { reading: ReportedReadingView }) {
  const { t } = useTranslation();
  const times = useTimes();
  const now = useNow();
  const decision = useMutation({ mutationFn: (confirmed: boolean) => decideReading(reading.id, confirmed) });
  const { state, decided_by } = decision.data ?? reading;
  return (
    <li className="row">
      <b className="mono">{reading.value_m3} m³</b>
      <span className="muted">{times.short(reading.at, now)}</span>
      {reading.doubt !== 'none' && <span className="tag warn">{t(`reported.doubt_${reading.doubt}`)}</span>}
      <span className="grow" />
      {state === 'to_confirm' ? (
        <>
          <Button
            size="small"
            icon={<CheckOutlined />}
            loading={decision.isPending}
            onClick={() => decision.mutate(true)}
          >
            {t('reported.confirm')}
          </Button>
          <Button
            size="small"
            icon={<CloseOutlined />}
            disabled={decision.isPending}
            onClick={() => decision.mutate(false)}
          >
            {t('reported.refuse')}
          </Button>
        </>
      ) : (
        <span className="tag" data-testid="reported-state">
          {t(`reported.${state}`, { by: decided_by ?? '' })}
        </span>
      )}
      {decision.isError && <ErrorNote error={decision.error} />}
    </li>
  );
}

/** Several accounts on one number: the agent asks which one, and puts it into the ticket with one click. */
import { CheckOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useDrafts } from '../../drafts';
import { accountNumber } from '../../format';
import type { AccountChoice } from '../../wire';
import { useDraftFields } from './useDraftFields';

export function Choices({ choices, callId }: { choices: AccountChoice[]; callId: string }) {
  const { t } = useTranslation();
  const chosen = useDrafts(store => store.drafts.get(callId)?.touched.account);
  const { touch } = useDraftFields({ callId, ticketId: null, label: '' });
  return (
    <div className="card" data-testid="pop-choices">
      <h3>{t('pop.choices')}</h3>
      <ul className="plain rows">
        {choices.map(choice => (
          <li key={choice.number} className="row">
            <b className="mono">{accountNumber(choice.number)}</b>
            <span>{choice.name}</span>
            <span className="muted grow">{choice.address}</span>
            {chosen === choice.number ? (
              <span className="tag info">
                <CheckOutlined /> {t('pop.chosen')}
              </span>
            ) : (
              <Button size="small" onClick={() => touch({ account: choice.number })}>
                {t('pop.choose')}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

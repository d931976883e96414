/**
 * The account: name, premise and flags; then money, meter and tariff in one row.
 *
 * The balance is what is to be paid: all that is open, due or not yet due; below zero it is the customer's credit.
 */
import { CrownFilled, HeartFilled, StopFilled } from '@ant-design/icons';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useTimes } from '../../app/site';
import { accountNumber, money } from '../../format';
import { useName } from '../../i18n/useName';
import type { AccountView, ArrearsView } from '../../wire';

export function AccountHead({ account }: { account: AccountView }) {
  const { t } = useTranslation();
  return (
    <div className="card account">
      <div className="account-name">
        <h2 data-testid="pop-name">{account.name}</h2>
        <span className="account-number">
          {t('pop.account')}{' '}
          <b data-testid="pop-account" data-account={account.number}>
            {accountNumber(account.number)}
          </b>
        </span>
        <Flags account={account} />
      </div>
      <p className="account-place" data-testid="pop-address">
        {account.address}
        <span className="tag">{account.zone}</span>
      </p>
    </div>
  );
}

function Flags({ account }: { account: AccountView }) {
  const { t } = useTranslation();
  return (
    <span className="flags" data-testid="pop-flags">
      {account.cut_off && (
        <span className="tag bad">
          <StopFilled /> {t('pop.flag_cut_off')}
        </span>
      )}
      {account.vulnerable && (
        <span className="tag warn">
          <HeartFilled /> {t('pop.flag_vulnerable')}
        </span>
      )}
      {account.key_account && (
        <span className="tag info">
          <CrownFilled /> {t('pop.flag_key_account')}
        </span>
      )}
    </span>
  );
}

export function Facts({ account }: { account: AccountView }) {
  const { t } = useTranslation();
  const times = useTimes();
  const name = useName();
  const paid = account.last_payment;
  return (
    <dl className="card facts">
      <Fact name={t(account.balance_fen < 0 ? 'pop.credit' : 'pop.balance')} testid="pop-balance">
        {money(Math.abs(account.balance_fen))}
        {account.balance_fen === 0 && <small>{t('pop.settled')}</small>}
      </Fact>
      <Fact name={t('pop.arrears')} testid="pop-arrears" tone={account.arrears.total > 0 ? 'bad' : ''}>
        {account.arrears.total > 0 ? (
          money(account.arrears.total)
        ) : (
          <span className="plain-value">{t('pop.noArrears')}</span>
        )}
        <Ages arrears={account.arrears} />
      </Fact>
      <Fact name={t('pop.lastPayment')} testid="pop-payment">
        {paid ? money(paid.amount_fen) : <span className="plain-value">{t('pop.noPayment')}</span>}
        {paid && (
          <small>
            {times.date(paid.on)} · {name('channel', paid.channel)}
          </small>
        )}
      </Fact>
      <Fact name={t('pop.nextBill')} testid="pop-next-bill">
        <span className="plain-value">{account.next_bill_on ? times.date(account.next_bill_on) : '—'}</span>
      </Fact>
      <Fact name={t('pop.meter')} testid="pop-meter">
        <span className="plain-value">{account.meter_number}</span>
        <small className={account.meter_state === 'in_service' ? '' : 'bad-text'}>
          {t(`pop.meter_${account.meter_state}`)}
        </small>
      </Fact>
      <Fact name={t('pop.tariff')} testid="pop-tariff">
        <span className="plain-value">{account.tariff}</span>
      </Fact>
    </dl>
  );
}

function Fact({
  name,
  testid,
  tone = '',
  children,
}: {
  name: string;
  testid: string;
  tone?: string;
  children: ReactNode;
}) {
  return (
    <div className={`fact ${tone}`}>
      <dt>{name}</dt>
      <dd data-testid={testid}>{children}</dd>
    </div>
  );
}

const AGES = ['to_30_days', 'to_90_days', 'to_365_days', 'older'] as const;

/** Arrears by age: only the ages that have any. */
function Ages({ arrears }: { arrears: ArrearsView }) {
  const { t } = useTranslation();
  const some = AGES.filter(age => arrears[age] > 0);
  if (some.length === 0) return null;
  return (
    <ul className="ages" data-testid="pop-ages">
      {some.map(age => (
        <li key={age}>
          <span>{t(`pop.${age}`)}</span> {money(arrears[age])}
        </li>
      ))}
    </ul>
  );
}

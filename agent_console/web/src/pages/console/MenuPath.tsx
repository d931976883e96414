/** The way through the menu: each step, what was keyed, how long it took. Digits are the caller's text, shown as text. */
import { useTranslation } from 'react-i18next';
import { clock } from '../../format';
import { useName } from '../../i18n/useName';
import type { IvrStepView, Pop } from '../../wire';

export function MenuPath({ pop }: { pop: Pop }) {
  const { t } = useTranslation();
  return (
    <div className="card menu-path" data-testid="pop-path">
      <h3>
        {t('pop.path')}
        {pop.ivr_path.length > 0 && <small>{t('pop.pathTook', { time: clock(pop.ivr_ms / 1000) })}</small>}
      </h3>
      {pop.ivr_path.length === 0 ? (
        <p className="muted none">{t('pop.noPath')}</p>
      ) : (
        <IvrPath steps={pop.ivr_path} />
      )}
    </div>
  );
}

/** Ways that say nothing which the step and the key don't say already. */
const SILENT = /^(\d|ok|done|otherwise|skipped)$/;

/** The server leaves out what lies between the steps; what was keyed over before a word of it came is left out here. */
const HEARD_MS = 100;

export function IvrPath({ steps }: { steps: readonly IvrStepView[] }) {
  const name = useName();
  const { t } = useTranslation();
  return (
    <ol className="path">
      {steps
        .filter(step => step.keyed || step.took_ms >= HEARD_MS)
        .map((step, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a path only ever grows at its end, and a step can repeat
          <li key={index}>
            <span className="path-step">{name('step', step.step)}</span>
            {step.keyed && <kbd>{step.keyed}</kbd>}
            {!SILENT.test(step.way) && <span className="muted">{name('way', step.way)}</span>}
            <span className="path-took">{t('live.seconds', { s: (step.took_ms / 1000).toFixed(1) })}</span>
          </li>
        ))}
    </ol>
  );
}

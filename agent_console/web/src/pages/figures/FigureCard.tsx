/** One figure: the number, its goal, its formula and what went into it, and the same time weeks before. */
import { useTranslation } from 'react-i18next';
import { useLanguage } from '../../app/site';
import { clock, NO_VALUE } from '../../format';
import type { KpiFigure } from '../../wire';
import { Levelled } from '../live/Level';

type Translate = ReturnType<typeof useTranslation>['t'];

interface Props {
  figure: KpiFigure;
  before: KpiFigure | undefined;
  chosen: boolean;
  onChoose: () => void;
}

export function FigureCard({ figure, before, chosen, onChoose }: Props) {
  const { t } = useTranslation();
  const zh = useLanguage() === 'zh';
  const level = figure.met === false ? 'bad' : 'good';
  return (
    <article
      className={`card figure-card ${level === 'bad' ? 'bad' : ''}${chosen ? ' chosen' : ''}`}
      data-testid={`figure-${figure.kpi}`}
      data-value={figure.value ?? ''}
    >
      <button type="button" className="figure-name" onClick={onChoose} aria-pressed={chosen}>
        {t(`kpi.${figure.kpi}`)}
      </button>
      <p className="figure-value">
        <Levelled level={level}>{written(figure, t)}</Levelled>
      </p>
      <p className="muted">
        {figure.goal && (
          <span>
            {t(figure.goal.at_most ? 'figures.atMost' : 'figures.atLeast', {
              value: inUnit(figure.goal.bound, figure.unit, t),
            })}
            {' · '}
          </span>
        )}
        {t('figures.before', { value: before ? written(before, t) : NO_VALUE })}
      </p>
      <p className="formula">{zh ? figure.zh : figure.en}</p>
      <ul className="plain inputs">
        {figure.inputs.map(input => (
          <li key={input.id}>
            {zh ? input.zh : input.en} <b className="mono">{input.value.toLocaleString('en-US')}</b>
          </li>
        ))}
      </ul>
    </article>
  );
}

/** The number as one reads it, with its unit; a dash where there was nothing to divide by. */
function written({ value, unit }: KpiFigure, t: Translate): string {
  return value === null ? NO_VALUE : inUnit(value, unit, t);
}

export function inUnit(value: number, unit: KpiFigure['unit'], t: Translate): string {
  if (unit === 'percent') return `${value.toFixed(1)} %`;
  if (unit === 'seconds') return value < 60 ? t('live.seconds', { s: value.toFixed(1) }) : clock(value);
  return value.toLocaleString('en-US');
}

/** How one figure went, hour by hour or day by day, beside the same weekdays before; as a chart and as a table. */
import { Table } from 'antd';
import type { EChartsCoreOption } from 'echarts/core';
import { useCallback, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useLanguage, useTimes } from '../../app/site';
import { fontOf } from '../../app/theme';
import { Chart } from '../../components/Chart';
import { base, timeAxis, tooltip, valueAxis } from '../../components/chartParts';
import { NO_VALUE } from '../../format';
import type { KpiAnswer, KpiFigure } from '../../wire';
import { inUnit } from './FigureCard';

interface Row {
  readonly at: string;
  readonly label: string;
  readonly now: number | null;
  readonly before: number | null;
}

interface Props {
  figure: KpiFigure;
  now: KpiAnswer;
  before: KpiAnswer | undefined;
  step: 'hour' | 'day';
}

export function Course({ figure, now, before, step }: Props) {
  const { t } = useTranslation();
  const times = useTimes();
  const font = fontOf(useLanguage());
  const rows = useMemo(
    () =>
      rowsOf(figure.kpi, now, before, at =>
        step === 'hour' ? times.stamp(at).slice(5) : times.stamp(at).slice(0, 10),
      ),
    [figure.kpi, now, before, step, times],
  );
  const name = t(`kpi.${figure.kpi}`);
  const value = useCallback(
    (number: number | null | undefined) =>
      number === null || number === undefined ? NO_VALUE : inUnit(number, figure.unit, t),
    [figure.unit, t],
  );
  const option = useMemo(
    () => optionOf(rows, figure.unit, value, { now: name, before: t('figures.weeksBefore') }, font),
    [rows, figure.unit, value, name, font, t],
  );
  return (
    <section className="card" aria-label={name} data-testid="figures-course">
      <h3>
        {name}
        <small>{t(step === 'hour' ? 'figures.byHour' : 'figures.byDay')}</small>
      </h3>
      {rows.length === 0 ? (
        <p className="muted none">{t('figures.nothing')}</p>
      ) : (
        <>
          <Chart option={option} label={name} />
          <Table<Row>
            size="small"
            rowKey="at"
            dataSource={rows}
            pagination={false}
            scroll={{ y: 260 }}
            columns={[
              { title: t('figures.time'), dataIndex: 'label' },
              { title: name, dataIndex: 'now', align: 'right', render: value },
              { title: t('figures.weeksBefore'), dataIndex: 'before', align: 'right', render: value },
            ]}
          />
        </>
      )}
    </section>
  );
}

/** The steps in which either period counted anything, those of the earlier one moved to now. */
export function rowsOf(
  kpi: KpiFigure['kpi'],
  now: KpiAnswer,
  before: KpiAnswer | undefined,
  label: (at: string) => string,
): Row[] {
  const found = new Map<number, { now: number | null; before: number | null }>();
  const shift = before ? Date.parse(now.since) - Date.parse(before.since) : 0;
  const put = (answer: KpiAnswer | undefined, key: 'now' | 'before', by: number) => {
    for (const point of answer?.points ?? []) {
      const at = Date.parse(point.at) + by;
      const row = found.get(at) ?? { now: null, before: null };
      row[key] = point.figures.find(one => one.kpi === kpi)?.value ?? null;
      found.set(at, row);
    }
  };
  put(now, 'now', 0);
  put(before, 'before', shift);
  return [...found.entries()]
    .sort(([a], [b]) => a - b)
    .map(([ms, row]) => {
      const at = new Date(ms).toISOString();
      return { at, label: label(at), ...row };
    });
}

function optionOf(
  rows: readonly Row[],
  unit: KpiFigure['unit'],
  value: (number: number | null | undefined) => string,
  words: { now: string; before: string },
  font: string,
): EChartsCoreOption {
  const line = (name: string, data: (number | null)[], color: string, dashed: boolean) => ({
    type: 'line',
    name,
    data,
    connectNulls: false,
    symbol: 'circle',
    symbolSize: 5,
    lineStyle: { color, width: dashed ? 1 : 2, type: dashed ? 'dashed' : 'solid' },
    itemStyle: { color },
  });
  return {
    ...base(font),
    tooltip: tooltip(index => {
      const row = rows[index];
      return row
        ? `${row.label}\n${words.now}: ${value(row.now)}\n${words.before}: ${value(row.before)}`
        : '';
    }),
    xAxis: timeAxis(rows.map(row => row.label)),
    yAxis: valueAxis(unit === 'percent' ? '%' : unit === 'seconds' ? 's' : ''),
    series: [
      line(
        words.before,
        rows.map(row => row.before),
        '#8a5a00',
        true,
      ),
      line(
        words.now,
        rows.map(row => row.now),
        '#0b5c7d',
        false,
      ),
    ],
  };
}

/** What ECharts draws: oldest first, estimates hatched. Tooltips are canvas text, so no markup is ever made of data. */
import type { EChartsCoreOption } from 'echarts/core';
import { AXIS, base, timeAxis, tooltip, valueAxis } from '../../components/chartParts';
import { money, type Times } from '../../format';
import type { BillView, ReadingView } from '../../wire';

export interface Words {
  readonly usage: string;
  readonly amount: string;
  readonly estimated: string;
  readonly open: string;
  readonly value: string;
  readonly kinds: Record<ReadingView['kind'], string>;
}

const SOLID = { color: '#4f93b0' };
const HATCHED = {
  color: '#b9d3de',
  borderColor: '#4f93b0',
  borderWidth: 1,
  decal: {
    symbol: 'rect',
    color: 'rgba(11,92,125,0.55)',
    dashArrayX: [1, 0],
    dashArrayY: [2, 4],
    rotation: -Math.PI / 4,
  },
};
export function billOption(
  newestFirst: readonly BillView[],
  words: Words,
  times: Times,
  font: string,
): EChartsCoreOption {
  const bills = newestFirst.toReversed();
  return {
    ...base(font),
    tooltip: tooltip(index => billText(bills[index], words, times)),
    xAxis: timeAxis(bills.map(bill => bill.period.slice(0, 7))),
    yAxis: [
      valueAxis('m³'),
      {
        ...valueAxis('¥', false),
        axisLabel: { color: AXIS, fontSize: 11, formatter: (fen: number) => String(fen / 100) },
      },
    ],
    series: [
      {
        type: 'bar',
        name: words.usage,
        barMaxWidth: 18,
        data: bills.map(bill => ({ value: bill.usage_m3, itemStyle: bill.estimated ? HATCHED : SOLID })),
      },
      {
        type: 'line',
        name: words.amount,
        yAxisIndex: 1,
        symbol: 'circle',
        symbolSize: 5,
        lineStyle: { color: '#8a5a00', width: 1.5 },
        itemStyle: { color: '#8a5a00' },
        data: bills.map(bill => bill.amount_fen),
      },
    ],
  };
}

function billText(bill: BillView | undefined, words: Words, times: Times): string {
  if (!bill) return '';
  const lines = [
    times.month(bill.period) + (bill.estimated ? ` · ${words.estimated}` : ''),
    `${words.usage}: ${bill.usage_m3}`,
    `${words.amount}: ${money(bill.amount_fen)}`,
  ];
  if (bill.open_fen > 0) lines.push(`${words.open}: ${money(bill.open_fen)}`);
  return lines.join('\n');
}

export function readingOption(
  newestFirst: readonly ReadingView[],
  words: Words,
  times: Times,
  font: string,
): EChartsCoreOption {
  const readings = newestFirst.toReversed();
  const lowest = Math.min(...readings.map(reading => reading.value_m3));
  return {
    ...base(font),
    tooltip: tooltip(index => {
      const reading = readings[index];
      return reading
        ? `${times.date(reading.on)} · ${words.kinds[reading.kind]}\n${words.value}: ${reading.value_m3}`
        : '';
    }),
    xAxis: timeAxis(readings.map(reading => reading.on.slice(0, 7))),
    yAxis: { ...valueAxis('m³'), min: Math.max(0, Math.floor(lowest * 0.95)) },
    series: [
      {
        type: 'bar',
        name: words.value,
        barMaxWidth: 18,
        data: readings.map(reading => ({
          value: reading.value_m3,
          itemStyle: reading.kind === 'estimated' ? HATCHED : SOLID,
        })),
      },
    ],
  };
}

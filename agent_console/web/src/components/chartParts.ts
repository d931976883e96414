/** What all our charts look alike in. Tooltips are canvas text, so no markup is ever made of data. */
export const AXIS = '#5d6e78';
const GRID = '#e6edf0';

interface Point {
  readonly dataIndex: number;
}

export function base(font: string) {
  return {
    animation: false,
    textStyle: { fontFamily: font },
    grid: { left: 8, right: 8, top: 26, bottom: 4, containLabel: true },
    aria: { enabled: true },
  };
}

export function tooltip(text: (index: number) => string) {
  return {
    trigger: 'axis',
    renderMode: 'richText',
    axisPointer: { type: 'shadow' },
    confine: true,
    formatter: (points: Point | Point[]) =>
      text((Array.isArray(points) ? points[0] : points)?.dataIndex ?? 0),
  };
}

export function valueAxis(name: string, shown = true) {
  return {
    type: 'value',
    name,
    nameTextStyle: { color: AXIS, fontSize: 11, align: shown ? 'left' : 'right' },
    axisLabel: { color: AXIS, fontSize: 11 },
    splitLine: { show: shown, lineStyle: { color: GRID } },
    splitNumber: 3,
  };
}

export function timeAxis(labels: string[]) {
  return {
    type: 'category',
    data: labels,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: '#c3ced4' } },
    axisLabel: { color: AXIS, fontSize: 11, hideOverlap: true },
  };
}

/**
 * Puts the styles that antd makes at run time into adopted style sheets instead of `<style>` elements.
 *
 * A build puts this in the place of antd's own module (see `vite.config.ts`). A Content Security Policy of
 * `style-src 'self'` forbids style elements made by scripts, but not sheets made through the object model; so no
 * nonce and no `unsafe-inline` is needed. All of it is in the cascade layer `antd`, below our own styles.
 *
 * The functions have antd's names and arguments. What they return is never in the document: antd only writes
 * attributes on it.
 */

interface Options {
  readonly prepend?: boolean | 'queue';
  readonly priority?: number;
}

interface Sheet {
  readonly key: string | null;
  readonly order: number;
  readonly sheet: CSSStyleSheet;
  readonly node: HTMLStyleElement;
  text: string;
}

const LAYER = 'antd';
let sheets: Sheet[] = [];

/** What is prepended comes before what is appended; in the queue the lower priority comes first. */
function orderOf({ prepend, priority = 0 }: Options): number {
  if (prepend === 'queue') return priority - 1_000_000;
  return prepend ? -2_000_000 : 0;
}

function write(entry: Sheet, text: string): void {
  entry.text = text;
  entry.sheet.replaceSync(`@layer ${LAYER} {${text}}`);
}

function adopt(): void {
  const foreign = document.adoptedStyleSheets.filter(sheet => !sheets.some(entry => entry.sheet === sheet));
  document.adoptedStyleSheets = [...foreign, ...sheets.map(entry => entry.sheet)];
}

function add(css: string, key: string | null, options: Options): HTMLStyleElement {
  const entry: Sheet = {
    key,
    order: orderOf(options),
    sheet: new CSSStyleSheet(),
    node: document.createElement('style'),
    text: '',
  };
  write(entry, css);
  const before = sheets.findLastIndex(each => each.order <= entry.order);
  sheets = sheets.toSpliced(before + 1, 0, entry);
  adopt();
  return entry.node;
}

export function injectCSS(css: string, options: Options = {}): HTMLStyleElement {
  return add(css, null, options);
}

export function updateCSS(css: string, key: string, options: Options = {}): HTMLStyleElement {
  const known = sheets.find(entry => entry.key === key);
  if (known === undefined) return add(css, key, options);
  if (known.text !== css) write(known, css);
  return known.node;
}

export function removeCSS(key: string): void {
  sheets = sheets.filter(entry => entry.key !== key);
  adopt();
}

export function clearContainerCache(): void {
  // There is no container.
}

// What antd's icons ask of the same module besides.

export function getShadowRoot(): null {
  return null;
}

export function warningOnce(): void {
  // A wrong icon is a matter for the developer, who has the real module.
}

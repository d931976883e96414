import { describe, expect, it } from 'vitest';
import { firstLanguage } from '../../src/i18n';
import { en } from '../../src/i18n/en';
import { zh } from '../../src/i18n/zh';
import { SUBCATEGORIES } from '../../src/pages/console/subcategories';

type Tree = { readonly [key: string]: string | Tree };

function flat(tree: Tree, path = ''): Map<string, string> {
  const all = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') all.set(path + key, value);
    else for (const [name, text] of flat(value, `${path}${key}.`)) all.set(name, text);
  }
  return all;
}

const english = flat(en);
const chinese = flat(zh);
const holes = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(match => match[1]).sort();

describe('the dictionaries', () => {
  it('have the same keys', () => {
    expect([...chinese.keys()]).toEqual([...english.keys()]);
  });

  it('leave nothing empty in one language that is not empty in the other', () => {
    for (const [key, text] of english) expect(chinese.get(key) === '', key).toBe(text === '');
  });

  it('put the same values into each text', () => {
    for (const [key, text] of english) expect(holes(chinese.get(key) ?? ''), key).toEqual(holes(text));
  });

  it('write Chinese in Chinese: no half-width comma, stop or bracket next to a Chinese character', () => {
    for (const [key, text] of chinese)
      expect(text, key).not.toMatch(/[\u4e00-\u9fff][,;:!?()]|[,;:!?(][\u4e00-\u9fff]/);
  });

  it('name every subcategory that can be chosen', () => {
    for (const code of Object.values(SUBCATEGORIES).flat())
      expect(english.has(`subcategory.${code}`), code).toBe(true);
  });
});

describe('the first language', () => {
  it('is the one that was chosen', () => expect(firstLanguage('en', ['zh-CN'])).toBe('en'));
  it('is else the browser’s', () => {
    expect(firstLanguage(null, ['zh-TW', 'en'])).toBe('zh');
    expect(firstLanguage('fr', ['de', 'fr'])).toBe('en');
  });
});

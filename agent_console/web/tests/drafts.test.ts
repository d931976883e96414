import { beforeEach, describe, expect, it, vi } from 'vitest';
import { isAccountNumber, isDirty, readAll, useDrafts } from '../src/drafts';

const draft = (key: string, touched = {}) => ({
  key,
  callId: key,
  ticketId: null,
  label: '',
  at: '',
  touched,
});

beforeEach(() => {
  useDrafts.getState().dropAll();
  localStorage.clear();
});

describe('a draft', () => {
  it('survives a reload', () => {
    useDrafts.getState().put(draft('a', { note: '<b>漏水</b>' }));
    expect(readAll().get('a')?.touched).toEqual({ note: '<b>漏水</b>' });
  });

  it('of the call before survives the next call', () => {
    useDrafts.getState().put(draft('a', { note: 'first' }));
    useDrafts.getState().put(draft('b', { note: 'second' }));
    expect([...readAll().keys()].sort()).toEqual(['a', 'b']);
  });

  it('is gone once dropped', () => {
    useDrafts.getState().put(draft('a', { note: 'x' }));
    useDrafts.getState().drop('a');
    expect(readAll().size).toBe(0);
    expect(localStorage.length).toBe(0);
  });

  it('is there again for the same agent after their browser died, and for nobody else', () => {
    useDrafts.getState().belongTo('anna');
    useDrafts.getState().put(draft('a', { note: 'x' }));
    useDrafts.getState().belongTo('anna');
    expect([...readAll().keys()]).toEqual(['a']);
    useDrafts.getState().belongTo('bo');
    expect(readAll().size).toBe(0);
    expect(useDrafts.getState().drafts.size).toBe(0);
  });

  it('is there as soon as the page is loaded anew', async () => {
    useDrafts.getState().put({ ...draft('a', { note: 'x' }), at: new Date().toISOString() });
    vi.resetModules();
    const anew = await import('../src/drafts');
    expect([...anew.useDrafts.getState().drafts.keys()]).toEqual(['a']);
  });

  it('of yesterday is gone', () => {
    useDrafts.getState().put({ ...draft('a', { note: 'x' }), at: '2020-01-01T00:00:00Z' });
    expect(readAll().size).toBe(0);
    expect(localStorage.getItem('hydrophone.draft.a')).toBeNull();
  });

  it('that is broken in storage harms no other', () => {
    localStorage.setItem('hydrophone.draft.bad', '{');
    localStorage.setItem('hydrophone.draft.null', 'null');
    useDrafts.getState().put(draft('a', { note: 'x' }));
    expect([...readAll().keys()]).toEqual(['a']);
  });

  it('is kept in memory where storage refuses', () => {
    const setItem = Storage.prototype.setItem;
    Storage.prototype.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    try {
      useDrafts.getState().put(draft('a', { note: 'x' }));
    } finally {
      Storage.prototype.setItem = setItem;
    }
    expect(isDirty(useDrafts.getState().drafts.get('a'))).toBe(true);
  });
});

describe('an account number', () => {
  it('is known by its check digit', () => expect(isAccountNumber('10000012')).toBe(true));

  it('is refused with any one digit wrong, and with any two neighbours swapped', () => {
    const right = '10000012';
    for (let at = 0; at < 8; at++) {
      for (let digit = 0; digit < 10; digit++) {
        const wrong = `${right.slice(0, at)}${digit}${right.slice(at + 1)}`;
        expect(isAccountNumber(wrong)).toBe(wrong === right);
      }
    }
    for (let at = 0; at < 7; at++) {
      const swapped = `${right.slice(0, at)}${right[at + 1]}${right[at]}${right.slice(at + 2)}`;
      expect(isAccountNumber(swapped)).toBe(swapped === right);
    }
  });

  it('is eight plain digits', () => {
    for (const text of ['', '1000001', '100000122', '1000001a', '１０００００１２'])
      expect(isAccountNumber(text)).toBe(false);
  });
});

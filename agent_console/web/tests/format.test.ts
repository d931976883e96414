import { describe, expect, it } from 'vitest';
import { accountNumber, clock, money, phoneNumber, secondsSince, startOfDay, Times } from '../src/format';

describe('money', () => {
  it.each([
    [8640, '¥86.40'],
    [0, '¥0.00'],
    [5, '¥0.05'],
    [-1250, '-¥12.50'],
    [123456789, '¥1,234,567.89'],
  ])('%i fen is %s', (fen, text) => expect(money(fen)).toBe(text));
});

describe('a clock', () => {
  it.each([
    [7, '0:07'],
    [754.9, '12:34'],
    [3723, '1:02:03'],
    [-3, '0:00'],
  ])('%d s is %s', (seconds, text) => expect(clock(seconds)).toBe(text));

  it('counts from a time of the server, and has nothing to count without one', () => {
    const now = Date.parse('2026-11-22T05:00:10Z');
    expect(secondsSince('2026-11-22T05:00:00Z', now)).toBe(10);
    expect(secondsSince('2026-11-22T05:00:20Z', now)).toBe(0);
    expect(secondsSince(null, now)).toBeNull();
  });
});

describe('times', () => {
  const zh = new Times('zh', 'Asia/Shanghai');
  const en = new Times('en', 'Asia/Shanghai');

  it('are the site’s, wherever the browser is', () => {
    expect(zh.time('2026-11-22T18:03:22Z')).toBe('02:03:22');
    expect(en.stamp('2026-11-22T18:03:22Z')).toBe('2026-11-23 02:03');
  });

  it('leave the year out only while it is this one, at the site', () => {
    const now = Date.parse('2026-06-01T00:00:00Z');
    expect(zh.short('2026-05-01T00:00:00Z', now)).toBe('05-01 08:00');
    expect(zh.short('2025-12-31T17:00:00Z', now)).toBe('01-01 01:00');
    expect(zh.short('2025-12-31T15:00:00Z', now)).toBe('2025-12-31 23:00');
  });

  it('name a billing period in the language', () => {
    expect(zh.month('2026-10-01')).toBe('2026年10月');
    expect(en.month('2026-10-01')).toBe('Oct 2026');
  });

  it('know when a day begins at the site, in summer time and out of it', () => {
    expect(startOfDay('2026-11-22', 'Asia/Shanghai')).toBe('2026-11-21T16:00:00.000Z');
    expect(startOfDay('2026-07-01', 'Europe/London')).toBe('2026-06-30T23:00:00.000Z');
    expect(startOfDay('2026-03-29', 'Europe/London')).toBe('2026-03-29T00:00:00.000Z');
    expect(startOfDay('2026-10-25', 'Europe/London')).toBe('2026-10-24T23:00:00.000Z');
  });
});

describe('numbers', () => {
  it('are grouped when they are what they seem', () => {
    expect(phoneNumber('13900001234')).toBe('139 0000 1234');
    expect(phoneNumber('+8613900001234')).toBe('+86 139 0000 1234');
    expect(accountNumber('10000012')).toBe('1000 0012');
  });

  it('are left as they came when they aren’t: masked, foreign, hostile', () => {
    for (const text of ['139****1234', '+447700900123', '<b>1</b>', '']) expect(phoneNumber(text)).toBe(text);
    expect(accountNumber('1234')).toBe('1234');
  });
});

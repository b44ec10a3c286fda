import { describe, expect, it } from 'vitest';
import { short } from './digests';
import { compact, duration, percent, size, speed } from './numbers';
import { ago, clock, exact } from './times';

/** Intl puts spaces that do not break; what matters here is the words. */
const plain = (text: string) => text.replace(/\s/g, ' ');

describe('sizes', () => {
  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1 kB'],
    [271_000_000, '271 MB'],
    [999_499_999, '999 MB'],
    [999_600_000, '1 GB'],
    [2_020_000_000, '2.02 GB'],
    [44_000_000_000, '44 GB'],
    [180_000_000_000_000, '180 TB'],
    [2_500_000_000_000_000, '2,500 TB'],
  ])('%d bytes are %s', (bytes, words) => expect(plain(size(bytes, 'en'))).toBe(words));

  it('are written as the language writes numbers', () => expect(plain(size(2_020_000_000, 'pl'))).toBe('2,02 GB'));

  it('become speeds', () => expect(plain(speed(22_000_000, 'en'))).toBe('22 MB/s'));
});

describe('durations', () => {
  it.each([
    [0, '0 sec'],
    [0.04, '0.1 sec'],
    [0.5, '1 sec'],
    [59, '59 sec'],
    [61, '1 min 1 sec'],
    [600, '10 min'],
    [4800, '1 hr 20 min'],
    [90_000, '1 day 1 hr'],
    [1_000_000, '11 days'],
  ])('%d seconds are %s', (seconds, words) => expect(plain(duration(seconds, 'en'))).toBe(words));
});

describe('moments', () => {
  const now = Date.parse('2026-03-01T12:00:00Z');

  it.each([
    [-8, '8s ago'],
    [-130, '2m ago'],
    [-7200, '2h ago'],
    [-90_000, '1d ago'],
    [-40_000_000, '1y ago'],
    [0, 'now'],
    [2, 'now'],
    [300, 'in 5m'],
  ])('%d seconds from now is %s', (seconds, words) => expect(plain(ago(now + seconds * 1000, now, 'en'))).toBe(words));

  it('are told in Polish', () => expect(plain(ago(now - 8000, now, 'pl'))).toBe('8 s temu'));

  it('have a date unless they are of today', () => {
    expect(clock(now - 60_000, now, 'en')).not.toContain('2026');
    expect(clock(now - 90_000_000, now, 'en')).toBe(exact(now - 90_000_000, 'en'));
  });
});

it('counts are short', () => {
  expect(compact(43_100_000, 'en')).toBe('43.1M');
  expect(percent(40.9, 'en')).toBe('41%');
});

it('digests are named by their first seven characters', () => expect(short('sha256:abcdef0123')).toBe('abcdef0'));

import { expect, test } from '@jest/globals';
import { agoName, dayName } from './time.ts';

const now = new Date(2026, 2, 10, 12, 0);
const at = (...parts: [number, number, number, number?, number?]) => new Date(...parts).toISOString();

test('days are named by how long ago they are', () => {
  expect(dayName(at(2026, 2, 10, 0, 1), now)).toBe('Today');
  expect(dayName(at(2026, 2, 9, 23, 59), now)).toBe('Yesterday');
  expect(dayName(at(2026, 2, 2), now)).toContain('Monday');
  expect(dayName(at(2025, 11, 31), now)).toContain('2025');
});

test('the inbox says the clock, yesterday, the weekday, the date', () => {
  expect(agoName(at(2026, 2, 10, 11, 59), now)).toBe('11:59');
  expect(agoName(at(2026, 2, 10, 8, 5), now)).toBe('08:05');
  expect(agoName(at(2026, 2, 9, 23, 59), now)).toBe('Yesterday');
  expect(agoName(at(2026, 2, 6), now)).toBe('Fri');
  expect(agoName(at(2026, 0, 6), now)).toBe('6 Jan');
  expect(agoName(at(2025, 11, 31), now)).toBe('31 Dec 2025');
});

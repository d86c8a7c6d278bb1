import { pageLocale } from './locale.ts';

const day = new Intl.DateTimeFormat(pageLocale, { weekday: 'long', day: 'numeric', month: 'long' });
const dayAndYear = new Intl.DateTimeFormat(pageLocale, { day: 'numeric', month: 'long', year: 'numeric' });
const clock = new Intl.DateTimeFormat(pageLocale, { hour: '2-digit', minute: '2-digit' });
const short = new Intl.DateTimeFormat(pageLocale, { day: 'numeric', month: 'short' });
const full = new Intl.DateTimeFormat(pageLocale, { dateStyle: 'full', timeStyle: 'medium' });
const weekday = new Intl.DateTimeFormat(pageLocale, { weekday: 'short' });
const shortAndYear = new Intl.DateTimeFormat(pageLocale, { day: 'numeric', month: 'short', year: 'numeric' });

const dayMs = 86_400_000;

/** Whole days between two times, by the calendar of the browser. */
function daysAgo(date: Date, now: Date) {
  const noon = (each: Date) => new Date(each.getFullYear(), each.getMonth(), each.getDate(), 12).getTime();
  return Math.round((noon(now) - noon(date)) / dayMs);
}

/** For the line above the first message of a day. */
export function dayName(time: string, now = new Date()): string {
  const date = new Date(time);
  const ago = daysAgo(date, now);
  if (ago === 0 || ago === 1) {
    const word = new Intl.RelativeTimeFormat(pageLocale, { numeric: 'auto' }).format(-ago, 'day');
    return word.charAt(0).toLocaleUpperCase(pageLocale) + word.slice(1);
  }
  return date.getFullYear() === now.getFullYear() ? day.format(date) : dayAndYear.format(date);
}

/** For the inbox: the clock, "Yesterday", the weekday, the date. */
export function agoName(time: string, now = new Date()): string {
  const date = new Date(time);
  const ago = daysAgo(date, now);
  if (ago <= 0) return clock.format(date);
  if (ago === 1) return dayName(time, now);
  if (ago < 7) return weekday.format(date);
  return date.getFullYear() === now.getFullYear() ? short.format(date) : shortAndYear.format(date);
}

export const clockName = (time: string) => clock.format(new Date(time));
export const fullName = (time: string) => full.format(new Date(time));

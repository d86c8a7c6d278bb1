import { type Figure, isMet } from './figures.ts';

/** Rounds to three significant digits, or to a whole number from 1,000 on. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}

/** Formats a figure as lines of text. */
export function lines(figure: Figure): string[] {
  const { name, value, unit, rounds, floor, ratio, ratioSpread, also, cpu } = figure;
  const spread = rounds.length > 1 ? ` (${short(Math.min(...rounds))}–${short(Math.max(...rounds))})` : '';
  const printed = [`  ${name}: ${short(value)} ${unit}${spread}${verdict(figure)}`];
  if (floor && ratio !== undefined && ratioSpread) {
    const [least, greatest] = ratioSpread.map(short);
    printed.push(
      `    ${short(ratio)} (${least}–${greatest}) times ${floor.name}, ${short(floor.value)} ${unit}`,
    );
  }
  if (also) printed.push(`    ${pairs(also)}`);
  if (cpu) printed.push(`    CPU seconds: ${pairs(cpu)}`);
  return printed;
}

const pairs = (numbers: Record<string, number>) =>
  Object.entries(numbers)
    .map(([name, value]) => `${name} ${short(value)}`)
    .join(', ');

export function verdict(figure: Figure): string {
  const { target } = figure;
  if (!target) return '';
  const bound = target.atLeast === undefined ? `<= ${target.atMost}` : `>= ${target.atLeast}`;
  return `  [target ${target.of === 'ratio' ? 'ratio ' : ''}${bound}: ${isMet(figure) ? 'met' : 'MISSED'}]`;
}

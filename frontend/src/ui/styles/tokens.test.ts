import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

/* The contrast of every pair of roles that is used, computed from the tokens as WCAG 2 does. */

const tokens = readFileSync(new URL('tokens.css', import.meta.url), 'utf8');
const themes = ['light', 'dark'] as const;
type Theme = (typeof themes)[number];
type Rgb = [number, number, number];

const roles = new Map(
  [...tokens.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]+), (#[0-9a-f]+)\)/g)].map(
    ([, name = '', light = '', dark = '']) => [name, { light, dark }],
  ),
);

const channels = (hex: string) => (hex.slice(1).match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));

function colour(role: string, theme: Theme, below: Rgb = [0, 0, 0]): Rgb {
  const value = roles.get(role);
  if (!value) throw new Error(`There is no role --${role}.`);
  const [red = 0, green = 0, blue = 0, alpha = 255] = channels(value[theme]);
  const over = (channel: number, index: 0 | 1 | 2) => below[index] + ((channel - below[index]) * alpha) / 255;
  return [over(red, 0), over(green, 1), over(blue, 2)];
}

function luminance(rgb: Rgb) {
  const [red = 0, green = 0, blue = 0] = rgb.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(front: Rgb, back: Rgb) {
  const [more = 0, less = 0] = [luminance(front), luminance(back)].sort((a, b) => b - a);
  return (more + 0.05) / (less + 0.05);
}

const surfaces = ['frame', 'frame-hover', 'sheet', 'raised', 'here', 'well'];
const washed = ['bubble-other', 'bubble-own', 'accent-soft', 'signal-soft'];
const tones = Array.from({ length: 10 }, (_, index) => `tone-${index + 1}`);
const text: [front: string, backs: string[]][] = [
  ...['ink', 'ink-2', 'ink-3', 'accent', 'danger'].map((front): [string, string[]] => [
    front,
    [...surfaces, ...washed],
  ]),
  ['danger', ['danger-soft']],
  ['ink', ['danger-soft']],
  ['signal-text', ['sheet']],
  ['on-accent', ['accent', 'accent-hover']],
  ['on-danger', ['danger']],
  ['on-signal', ['signal']],
  ['on-toast', ['toast']],
  ['toast-action', ['toast']],
  ...tones.map((tone): [string, string[]] => [`${tone}-ink`, [tone, 'sheet']]),
];
const shapes: [front: string, backs: string[]][] = [
  ['edge', surfaces],
  ['accent', surfaces],
  ['online', ['frame', 'frame-hover', 'sheet', 'raised']],
];

describe.each(themes)('in the %s theme', (theme) => {
  test.each(text)('text in %s has a contrast of 4.5 on what it stands on', (front, backs) => {
    const low = backs.filter((back) => contrast(colour(front, theme), colour(back, theme)) < 4.5);
    expect(low).toEqual([]);
  });

  test.each(shapes)('edges, dots and focus in %s have a contrast of 3', (front, backs) => {
    const low = backs.filter((back) => contrast(colour(front, theme), colour(back, theme)) < 3);
    expect(low).toEqual([]);
  });

  test.each([
    ['tint', ['frame-hover', 'sheet']],
    ['tint-2', ['frame', 'frame-hover', 'here']],
  ])('a key and a quiet badge are read on %s', (wash, backs) => {
    const low = backs.filter((back) => {
      const washed = colour(wash, theme, colour(back, theme));
      return contrast(colour('ink-2', theme), washed) < 4.5;
    });
    expect(low).toEqual([]);
  });
});

test('no component names a colour: tokens.css alone does', () => {
  const folder = fileURLToPath(new URL('..', import.meta.url));
  const styles = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.css') && !name.endsWith('tokens.css'),
  );
  expect(styles.length).toBeGreaterThan(20);
  for (const name of styles) {
    const lines = readFileSync(join(folder, name), 'utf8').split('\n');
    // A mask is about what shows, and has no colour.
    const named = lines.filter((line) => /#[0-9a-f]{3,8}\b|rgb|hsl/i.test(line) && !/mask/.test(line));
    expect([name, named]).toEqual([name, []]);
  }
});

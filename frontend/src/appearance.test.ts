import { expect, test } from '@jest/globals';
import { parseAppearance, stored } from './appearance.ts';

const standard = { theme: 'system', density: 'cozy', textSize: 15 };

test('what was chosen is read back', () => {
  const chosen = { theme: 'dark', density: 'roomy', textSize: 18 } as const;
  expect(parseAppearance(stored(chosen))).toEqual(chosen);
});

test.each([null, '', 'sepia dense 99', '{"theme":"dark"}'])(
  '%j says nothing that this version knows',
  (text) => {
    expect(parseAppearance(text)).toEqual(standard);
  },
);

test('what is known counts, whatever stands beside it', () => {
  expect(parseAppearance('dark dense 16 more')).toEqual({ theme: 'dark', density: 'cozy', textSize: 16 });
});

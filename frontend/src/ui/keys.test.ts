import { expect, test } from '@jest/globals';
import { isOfInputMethod } from './keys.ts';

test('a key that an input method uses is told from one that a person presses', () => {
  expect(isOfInputMethod({ isComposing: true, keyCode: 13 })).toBe(true);
  expect(isOfInputMethod({ isComposing: false, keyCode: 229 })).toBe(true);
  expect(isOfInputMethod({ isComposing: false, keyCode: 13 })).toBe(false);
});

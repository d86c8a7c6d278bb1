import { expect, test } from '@jest/globals';
import { initialsOf } from './initials.ts';

test.each([
  ['Ana Lima', 'AL'],
  ['  ben  ', 'B'],
  ['Ana Maria Lima', 'AM'],
  ['\u{1f469}\u200d\u{1f469}\u200d\u{1f467} family', '\u{1f469}\u200d\u{1f469}\u200d\u{1f467}F'],
  ['\u{1f1eb}\u{1f1ee} \u{1f1eb}\u{1f1f7}x', '\u{1f1eb}\u{1f1ee}\u{1f1eb}\u{1f1f7}'],
  ['e\u0301lodie', 'E\u0301'],
  ['क\u094dषत्र', 'क\u094dष'],
  ['\u202eevil \u200bname', 'EN'],
  ['\u2800 \u202e', '?'],
  ['', '?'],
])('%j has the initials %j', (name, initials) => {
  expect(initialsOf(name)).toBe(initials);
});

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toneOfGroup, tones } from './avatar-tone.ts';

test('every group has one of ten tones, always the same', () => {
  fc.assert(
    fc.property(fc.uuid(), (uuid) => {
      const tone = toneOfGroup(uuid);
      expect(Number.isInteger(tone) && tone >= 1 && tone <= tones).toBe(true);
      expect(toneOfGroup(uuid)).toBe(tone);
    }),
  );
});

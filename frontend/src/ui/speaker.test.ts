import { expect, test } from '@jest/globals';
import { adminSucceeded } from '@parley/contract/entry-kinds';
import { speakerOf } from './speaker.ts';

const raj = {
  kind: 'group',
  message: 'hello',
  sender_uuid: 'raj',
  sender_display_name: 'Raj Patel',
} as const;

test('a preview in a group says who wrote, by the first name', () => {
  expect(speakerOf(raj, 'maya')).toBe('Raj');
});

test('one’s own says "You", in both kinds of conversation', () => {
  expect(speakerOf(raj, 'raj')).toBe('You');
  expect(speakerOf({ ...raj, kind: 'direct' }, 'raj')).toBe('You');
});

test('the other person of a direct conversation is not named again', () => {
  expect(speakerOf({ ...raj, kind: 'direct' }, 'maya')).toBe('');
});

test('a notice names its author by itself', () => {
  expect(speakerOf({ ...raj, message: 'Raj Patel left the group' }, 'raj')).toBe('');
});

test('a notice is known by a name that runs from right to left, and by the text that names nobody', () => {
  const leyla = { ...raj, sender_display_name: 'ليلى' };
  expect(speakerOf({ ...leyla, message: '\u2068ليلى\u2069 left the group' }, 'maya')).toBe('');
  expect(speakerOf({ ...raj, message: adminSucceeded }, 'maya')).toBe('');
});

test('nobody is named whose name is not known', () => {
  expect(speakerOf({ ...raj, sender_display_name: '' }, 'maya')).toBe('');
});

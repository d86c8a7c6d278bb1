import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, test } from '@jest/globals';
import { valuesOf } from './values.ts';

describe('native values', () => {
  const values = {
    text: '👋 "\\ \u2028',
    empty: '',
    number: -1.5,
    none: null,
    yes: true,
    no: false,
    list: ['a', 1, { deep: [true, null] }],
    map: { S: 'a', N: { N: 1 } },
    set: new Set(['a', 'b']),
    bytes: new Uint8Array([0, 255]),
  };

  test('are those of the SDK', () => {
    const item = marshall(values);
    expect(valuesOf(item)).toEqual(unmarshall(item));
    expect(valuesOf(item)).toEqual(values);
  });

  test('of a number that a double cannot hold are close to it', () => {
    expect(valuesOf({ n: { N: '12345678901234567890' } })).toEqual({ n: 12345678901234567000 });
  });

  test('are sorted by name, in any order of the attributes', () => {
    const [one, other] = [
      { b: { S: '1' }, a: { N: '2' } },
      { a: { N: '2' }, b: { S: '1' } },
    ];
    expect(Object.keys(valuesOf(one))).toEqual(['a', 'b']);
    expect(Object.keys(valuesOf(other))).toEqual(['a', 'b']);
  });
});

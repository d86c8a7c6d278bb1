import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { chooseLeases, createObserver, nextShareMs, type Seen, seenLease } from './balance.ts';

const seen = (owners: (string | undefined)[]): Seen[] =>
  owners.map((owner, index) => ({ key: String(index), owner, idleTimes: 0 }));

test('a runner alone takes everything, and leaves what others hold in even shares', () => {
  expect(chooseLeases('a', seen([undefined, undefined]))).toEqual(['0', '1']);
  expect(chooseLeases('a', seen(['a', 'b', 'b']))).toEqual([]);
  expect(chooseLeases('a', seen(['b', 'b', 'a', undefined, undefined]))).toEqual(['3', '4']);
});

test('a runner that holds none takes one of whoever holds the most', () => {
  expect(chooseLeases('c', seen(['a', 'b', 'b', 'b']))).toEqual(['1']);
  expect(chooseLeases('c', seen(['a', 'b']))).toEqual([]);
});

test('a share that its runner does not take is taken by another after a while', () => {
  const leases: Seen[] = [...seen(['b']), { key: 'left', owner: undefined, idleTimes: 0 }];
  expect(chooseLeases('a', leases)).toEqual(['left']);
  expect(chooseLeases('b', [...leases, { key: 'mine', owner: 'a', idleTimes: 0 }])).toEqual(['left']);
  const full = seen(['b', 'b', 'b', 'a', undefined]);
  expect(chooseLeases('b', full)).toEqual([]);
  expect(chooseLeases('b', [...full.slice(0, 4), { key: '4', owner: undefined, idleTimes: 2 }])).toEqual([
    '4',
  ]);
});

test('whoever starts or dies, the shares are even after a few looks, and then stay as they are', () => {
  const runner = fc.constantFrom('a', 'b', 'c', 'dead', undefined);
  fc.assert(
    fc.property(fc.array(runner, { minLength: 1, maxLength: 24 }), (start) => {
      const owners: (string | undefined)[] = start.map((owner) => (owner === 'dead' ? undefined : owner));
      const look = (me: string) => {
        const keys = chooseLeases(me, seen(owners));
        for (const key of keys) owners[Number(key)] = me;
        return keys.length;
      };
      for (let round = 0; round < 30; round += 1) for (const me of ['a', 'b', 'c']) look(me);
      const counts = ['a', 'b', 'c'].map((me) => owners.filter((owner) => owner === me).length);
      expect(owners).not.toContain(undefined);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      for (const me of ['a', 'b', 'c']) expect(look(me)).toBe(0);
    }),
  );
});

test('time counts from the last move that the observer has seen, by its own clock', () => {
  let nowMs = 1_000;
  const observer = createObserver(() => nowMs);
  expect(observer.unmovedMs('x', { token: 1, counter: 1 })).toBe(0);
  nowMs += 500;
  expect(observer.unmovedMs('x', { token: 1, counter: 1 })).toBe(500);
  expect(observer.unmovedMs('x', { token: 1, counter: 2 })).toBe(0);
  nowMs += 700;
  expect(observer.unmovedMs('x', { token: 1, counter: 2 })).toBe(700);
  expect(observer.unmovedMs('x', { token: 2, counter: 2 })).toBe(0);
});

test('a lease that is not renewed for its duration has no owner', () => {
  const lease = { owner: 'a', leaseMs: 1_000 };
  expect(seenLease('key', lease, 999)).toEqual({ key: 'key', owner: 'a', idleTimes: 0.999 });
  expect(seenLease('key', lease, 1_000)).toEqual({ key: 'key', owner: undefined, idleTimes: 1 });
  expect(seenLease('key', undefined, 0)).toEqual({ key: 'key', owner: undefined, idleTimes: 0 });
});

test('the leases are compared again as soon as one of another runner can be stale', () => {
  expect(nextShareMs(6_000, false, [])).toBe(2_000);
  expect(nextShareMs(6_000, true, [])).toBe(500);
  expect(nextShareMs(6_000, false, [{ leaseMs: 6_000, unmovedMs: 5_000 }])).toBe(1_010);
  expect(nextShareMs(6_000, false, [{ leaseMs: 6_000, unmovedMs: 7_000 }])).toBe(2_000);
});

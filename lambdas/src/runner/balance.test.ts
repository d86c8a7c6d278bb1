import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Candidate, candidateOf, chooseLeases, createObserver, nextShareMs } from './balance.ts';

const candidates = (owners: (string | undefined)[]): Candidate[] =>
  owners.map((owner, index) => ({ key: String(index), owner, idleTimes: 0 }));

test('a single runner acquires every free lease, and none from others that hold an even share', () => {
  expect(chooseLeases('a', candidates([undefined, undefined]))).toEqual(['0', '1']);
  expect(chooseLeases('a', candidates(['a', 'b', 'b']))).toEqual([]);
  expect(chooseLeases('a', candidates(['b', 'b', 'a', undefined, undefined]))).toEqual(['3', '4']);
});

test('a runner without leases acquires one from the runner that holds the most', () => {
  expect(chooseLeases('c', candidates(['a', 'b', 'b', 'b']))).toEqual(['1']);
  expect(chooseLeases('c', candidates(['a', 'b']))).toEqual([]);
});

test('a free lease that its runner does not acquire is acquired by another one after a while', () => {
  const leases: Candidate[] = [...candidates(['b']), { key: 'left', owner: undefined, idleTimes: 0 }];
  expect(chooseLeases('a', leases)).toEqual(['left']);
  expect(chooseLeases('b', [...leases, { key: 'mine', owner: 'a', idleTimes: 0 }])).toEqual(['left']);
  const full = candidates(['b', 'b', 'b', 'a', undefined]);
  expect(chooseLeases('b', full)).toEqual([]);
  expect(chooseLeases('b', [...full.slice(0, 4), { key: '4', owner: undefined, idleTimes: 2 }])).toEqual([
    '4',
  ]);
});

test('after any start or death, the shares become even in a few rounds, and then do not change', () => {
  const runner = fc.constantFrom('a', 'b', 'c', 'dead', undefined);
  fc.assert(
    fc.property(fc.array(runner, { minLength: 1, maxLength: 24 }), (start) => {
      const owners: (string | undefined)[] = start.map((owner) => (owner === 'dead' ? undefined : owner));
      const acquire = (me: string) => {
        const keys = chooseLeases(me, candidates(owners));
        for (const key of keys) owners[Number(key)] = me;
        return keys.length;
      };
      for (let round = 0; round < 30; round += 1) for (const me of ['a', 'b', 'c']) acquire(me);
      const counts = ['a', 'b', 'c'].map((me) => owners.filter((owner) => owner === me).length);
      expect(owners).not.toContain(undefined);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      for (const me of ['a', 'b', 'c']) expect(acquire(me)).toBe(0);
    }),
  );
});

test('the time counts from the last change that the observer saw, by its own clock', () => {
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
  expect(candidateOf('key', lease, 999)).toEqual({ key: 'key', owner: 'a', idleTimes: 0.999 });
  expect(candidateOf('key', lease, 1_000)).toEqual({ key: 'key', owner: undefined, idleTimes: 1 });
  expect(candidateOf('key', undefined, 0)).toEqual({ key: 'key', owner: undefined, idleTimes: 0 });
});

test('leases are compared again as soon as another runner’s lease can be stale', () => {
  expect(nextShareMs(6_000, false, [])).toBe(2_000);
  expect(nextShareMs(6_000, true, [])).toBe(500);
  expect(nextShareMs(6_000, false, [{ leaseMs: 6_000, unmovedMs: 5_000 }])).toBe(1_010);
  expect(nextShareMs(6_000, false, [{ leaseMs: 6_000, unmovedMs: 7_000 }])).toBe(2_000);
});

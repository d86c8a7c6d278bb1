import { expect, it } from '@jest/globals';
import { createAdmission } from './admission.ts';

const busy = expect.objectContaining({ codes: ['busy'] });

it('refuses the 65th frame in flight on one socket, and no frame of another', () => {
  const admission = createAdmission();
  const [socket, other] = [{ inFlight: 0 }, { inFlight: 0 }];
  const leaves = Array.from({ length: 64 }, () => admission.enter(socket));
  expect(() => admission.requireRoom(socket)).not.toThrow();
  leaves.push(admission.enter(socket));
  expect(() => admission.requireRoom(socket)).toThrow(busy);
  admission.enter(other);
  expect(() => admission.requireRoom(other)).not.toThrow();
  leaves.pop()?.();
  expect(() => admission.requireRoom(socket)).not.toThrow();
});

it('drains: refuses new frames, and resolves with the last one in flight', async () => {
  const admission = createAdmission();
  const socket = { inFlight: 0 };
  const leaves = [admission.enter(socket), admission.enter(socket)];
  let isDrained = false;
  const drained = admission.drain(60_000).then(() => {
    isDrained = true;
  });
  expect(() => admission.requireRoom(socket)).toThrow(busy);
  leaves.pop()?.();
  await Promise.resolve();
  expect(isDrained).toBe(false);
  leaves.pop()?.();
  await drained;
  await createAdmission().drain(60_000);
});

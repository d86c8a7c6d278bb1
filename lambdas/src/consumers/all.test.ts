import { expect, test } from '@jest/globals';
import * as deadLetters from '@parley/core/dead-letters/dead-letters';
import { consumers, createHandlers, forEachConsumer } from './all.ts';

test('the only prompt consumer comes first, and dead letters are searched under the name of every consumer', () => {
  expect(consumers.map(({ reader }) => reader)).toEqual([
    'prompt',
    ...consumers.slice(1).map(() => 'trailing'),
  ]);
  expect(consumers.map(({ name }) => name).sort()).toEqual([...deadLetters.consumers].sort());
});

test('each consumer has a function, a mapping and an alarm of its own', () => {
  for (const key of ['functionName', 'handler', 'mappingId'] as const)
    expect(new Set(consumers.map((consumer) => consumer[key])).size).toBe(consumers.length);
  expect(new Set(consumers.map(({ lagAlarm }) => lagAlarm.name)).size).toBe(consumers.length);
});

test('each consumer makes its handler', () => {
  const parts = { projector: {}, push: {}, logger: {} } as Parameters<typeof createHandlers>[0];
  expect(createHandlers(parts)).toEqual(forEachConsumer(() => expect.any(Function)));
});

test('the limits on AWS are within those of event source mappings and streams', () => {
  for (const { batchSize, windowMs, timeoutMs, onAws } of consumers) {
    expect(batchSize).toBeLessThanOrEqual(10_000);
    expect(windowMs).toBeLessThanOrEqual(300_000);
    expect(timeoutMs).toBeLessThanOrEqual(900_000);
    expect(onAws.maxAttempts - 1).toBeLessThanOrEqual(10_000);
    expect(onAws.maxAgeMs).toBeLessThan(24 * 60 * 60_000);
  }
});

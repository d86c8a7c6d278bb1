import { expect, test } from '@jest/globals';
import { createPersist } from './persist.ts';

test('a task is retried until it succeeds, and each failure is reported', async () => {
  const failures: unknown[] = [];
  const persist = createPersist(new AbortController().signal, (err) => failures.push(err));
  let tries = 0;
  const task = async () => {
    tries += 1;
    if (tries < 3) throw new Error(`try ${tries}`);
    return 'done';
  };
  expect(await persist(task)).toBe('done');
  expect(failures).toEqual([new Error('try 1'), new Error('try 2')]);
});

test('an abort ends the wait, and no attempt starts after it', async () => {
  const stopping = new AbortController();
  const persist = createPersist(stopping.signal, () => stopping.abort());
  expect(await persist(() => Promise.reject(new Error('away')))).toBeUndefined();
  expect(await persist(async () => 'done')).toBeUndefined();
});

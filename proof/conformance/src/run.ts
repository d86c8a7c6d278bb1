import { randomUUID } from 'node:crypto';
import { checks } from './checks.ts';
import { createPerson, failureOf } from './client.ts';

export type Result = { name: string; error?: unknown };

/** Runs the checks against a deployment, one after the other. Throws if it cannot start. */
export async function runChecks(
  base: string,
  tokens: string[],
  onResult: (result: Result) => void = () => {},
): Promise<Result[]> {
  const [one, other, third] = await Promise.all(tokens.map((token) => createPerson(base, token)));
  if (!one || !other || !third) throw new Error('three tokens, of three people, are needed');
  if (new Set([one, other, third].map(({ uuid }) => uuid)).size < 3)
    throw new Error('the tokens are not of three people');
  const group = { title: 'Conformance', handles: [other.handle] };
  const { uuid } = await one.api.createGroup(group, randomUUID()).catch((error) => {
    throw new Error(`cannot create a group: ${failureOf(error)}`, { cause: error });
  });
  const results: Result[] = [];
  for (const { name, run } of checks) {
    const result: Result = { name };
    try {
      await run({ base, people: [one, other, third], uuid });
    } catch (error) {
      result.error = error;
    }
    results.push(result);
    onResult(result);
  }
  return results;
}

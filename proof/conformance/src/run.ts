import { checks } from './checks.ts';
import { createPerson } from './client.ts';

export type Result = { name: string; error?: unknown };

/** Runs every check against a deployment, one after the other. Throws where it cannot begin. */
export async function runChecks(
  base: string,
  tokens: string[],
  onResult: (result: Result) => void = () => {},
): Promise<Result[]> {
  const [one, other, third] = await Promise.all(tokens.map((token) => createPerson(base, token)));
  if (!one || !other || !third) throw new Error('three tokens of three people are needed');
  if (new Set([one, other, third].map(({ uuid }) => uuid)).size < 3)
    throw new Error('the tokens are not of three people');
  const group = { title: 'Conformance', handles: [other.handle] };
  const { status, body } = await one.post('/api/message_groups', group);
  if (status !== 200) throw new Error(`no group can be made: ${status} ${JSON.stringify(body)}`);
  const results: Result[] = [];
  for (const { name, run } of checks) {
    const result: Result = { name };
    try {
      await run({ base, people: [one, other, third], uuid: body.uuid });
    } catch (error) {
      result.error = error;
    }
    results.push(result);
    onResult(result);
  }
  return results;
}

import { parseArgs } from 'node:util';
import { createPerson, failureOf, get } from './client.ts';
import { runChecks } from './run.ts';
import { createSignIn, type NewPerson } from './sign-up.ts';

const { base: given, token: tokens, 'sign-up': code } = givenOptions();
const base = given?.replace(/\/$/, '') ?? '';
if (!base || (tokens.length === 0) === (code === undefined))
  cannotStart('usage: bin/conformance --base URL (--token T --token T --token T | --sign-up CODE)');

try {
  // Exits explicitly: sockets of failed checks may still be open.
  process.exit(code === undefined ? await check(tokens) : await checkWithNewPeople(code));
} catch (error) {
  cannotStart(error);
}

/** Runs the checks with three new people, who are erased at the end in any case. */
async function checkWithNewPeople(code: string) {
  const config = await get(base, '/api/client-config');
  if (config.status !== 200)
    throw new Error(`${base}/api/client-config answers ${config.status}. Is Parley running there?`);
  const signIn = createSignIn(config.body);
  const people: NewPerson[] = [];
  try {
    for (let count = 0; count < 3; count += 1) people.push(await signIn.signUp(code));
    return await check(await Promise.all(people.map(signIn.tokenOf)));
  } finally {
    for (const person of people) await erase(person);
  }

  async function erase(person: NewPerson) {
    try {
      // The checks may have signed this person out.
      await (await createPerson(base, await signIn.tokenOf(person))).api.deleteProfile();
    } catch (error) {
      process.stderr.write(`${person.email} could not be erased: ${failureOf(error)}\n`);
    }
  }
}

/** Runs the checks and returns the exit code. */
async function check(tokens: string[]) {
  let number = 0;
  const results = await runChecks(base, tokens, ({ name, error }) => {
    number += 1;
    process.stdout.write(
      error
        ? `not ok ${number} - ${name}\n  ${failureOf(error).replaceAll('\n', '\n  ')}\n`
        : `ok ${number} - ${name}\n`,
    );
  });
  const failed = results.filter(({ error }) => error !== undefined).length;
  process.stdout.write(`${results.length - failed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

function givenOptions() {
  try {
    return parseArgs({
      options: {
        base: { type: 'string' },
        token: { type: 'string', multiple: true, default: [] },
        'sign-up': { type: 'string' },
      },
    }).values;
  } catch (error) {
    cannotStart(error);
  }
}

function cannotStart(why: unknown): never {
  process.stderr.write(`${failureOf(why)}\n`);
  process.exit(2);
}

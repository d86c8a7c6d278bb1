import { parseArgs } from 'node:util';
import { ask } from './client.ts';
import { runChecks } from './run.ts';
import { signUp } from './sign-up.ts';

const values = givenOptions();
const base = values.base?.replace(/\/$/, '');
if (!base || (values.token.length === 0) === (values['sign-up'] === undefined))
  cannotBegin('usage: bin/conformance --base URL (--token T --token T --token T | --sign-up CODE)');

try {
  const code = values['sign-up'];
  const config = (await ask(base, 'GET', '/api/client-config')).body;
  const tokens =
    code === undefined ? values.token : await Promise.all([1, 2, 3].map(() => signUp(config, code)));
  let number = 0;
  const results = await runChecks(base, tokens, ({ name, error }) => {
    number += 1;
    const complaint = error instanceof Error ? error.message : String(error);
    process.stdout.write(
      error
        ? `not ok ${number} - ${name}\n  ${complaint.replaceAll('\n', '\n  ')}\n`
        : `ok ${number} - ${name}\n`,
    );
  });
  const failed = results.filter(({ error }) => error !== undefined).length;
  process.stdout.write(`${results.length - failed} passed, ${failed} failed\n`);
  process.exit(failed === 0 ? 0 : 1);
} catch (error) {
  cannotBegin(error);
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
    cannotBegin(error);
  }
}

function cannotBegin(why: unknown): never {
  process.stderr.write(`${why instanceof Error ? why.message : why}\n`);
  process.exit(2);
}

import { createInterface } from 'node:readline';
import { UsageError } from '@parley/config/explain';

/**
 * Asks the person at the terminal to type a word before something is destroyed. `isYes` (--yes) skips the question.
 * Throws if there is no terminal to ask at.
 */
export async function confirm(consequence: string, word: string, isYes: boolean | undefined) {
  if (isYes) return;
  if (!process.stdin.isTTY)
    throw new UsageError(`${consequence} There is no terminal to ask at. Add --yes if you mean it.`);
  const answer = await ask(`${consequence} Type ${word} to continue: `);
  if (answer?.trim().replace(/^@/, '') !== word) throw new UsageError('Nothing was done.');
}

/** Undefined if the input ends. */
export function ask(question: string) {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  return new Promise<string | undefined>((resolve) => {
    lines.once('close', () => resolve(undefined));
    lines.question(question, (answer) => {
      resolve(answer);
      lines.close();
    });
  });
}

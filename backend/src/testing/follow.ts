import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const runbook = new URL('../../../docs/operations.md', import.meta.url);

/** The output of the runbook's jq command for these lines, each as an array. Undefined if jq is not installed. */
export function follow(lines: string[]): unknown[] | undefined {
  const [, filter = ''] = /jq -c '([^']+)'/.exec(readFileSync(runbook, 'utf8')) ?? [];
  const { error, stdout, stderr } = spawnSync('jq', ['-c', filter], {
    input: lines.join('\n'),
    encoding: 'utf8',
  });
  if (error) return undefined;
  if (stderr) throw new Error(stderr);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((shown) => JSON.parse(shown));
}

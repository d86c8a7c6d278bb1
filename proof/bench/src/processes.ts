import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuMs } from '@parley/backend/testing/processes';

const tasks: (() => unknown)[] = [];
process.once('exit', () => {
  for (const task of tasks) task();
});

/** Runs a task when this process ends for any reason. */
export const atExit = (task: () => unknown) => tasks.unshift(task);

/** A folder that is removed at the end. */
export function temporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), 'parley-bench-'));
  const remove = () => rmSync(path, { recursive: true, force: true });
  atExit(remove);
  return { path, remove };
}

/** A process and all processes below it. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = tryRead(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = (pid: number): number[] => [pid, ...(children.get(pid) ?? []).flatMap(tree)];
  return tree(root);
}

/** Returns an empty text if the process has ended. */
function tryRead(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Starts to measure. The returned function gives the CPU seconds that each group of processes has used since. */
export function watchCpu(groups: Record<string, number[]>): () => Record<string, number> {
  const used = () =>
    Object.entries(groups).map(
      ([name, pids]) => [name, pids.reduce((sum, pid) => sum + cpuMs(pid), 0) / 1_000] as const,
    );
  const before = new Map(used());
  return () => Object.fromEntries(used().map(([name, seconds]) => [name, seconds - (before.get(name) ?? 0)]));
}

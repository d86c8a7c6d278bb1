import { rmSync } from 'node:fs';

const tasks: (() => unknown)[] = [];
process.once('exit', () => {
  for (const task of tasks) task();
});

/** Removes a folder when this process ends, whatever ends it. */
export function removeAtExit(folder: string) {
  tasks.push(() => rmSync(folder, { recursive: true, force: true }));
}

/** Kills a child when this process ends, for programs that do not watch their parent. */
export function killAtExit(child: { kill: (signal: 'SIGKILL') => boolean }) {
  tasks.push(() => child.kill('SIGKILL'));
}

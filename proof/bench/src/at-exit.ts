import { rmSync } from 'node:fs';

const tasks: (() => unknown)[] = [];
process.once('exit', () => {
  for (const task of tasks) task();
});

/** A folder that is gone when this process is, however it ends. */
export function removeAtExit(folder: string) {
  tasks.push(() => rmSync(folder, { recursive: true, force: true }));
}

/** A process that knows no parent to end with ends when this one does. */
export function killAtExit(child: { kill: (signal: 'SIGKILL') => boolean }) {
  tasks.push(() => child.kill('SIGKILL'));
}

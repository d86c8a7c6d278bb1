import { rmSync } from 'node:fs';

/** A folder that is gone when this process is, however it ends. */
export function removeAtExit(folder: string) {
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
}

/** A process that knows no parent to end with ends when this one does. */
export function killAtExit(child: { kill: (signal: 'SIGKILL') => boolean }) {
  process.once('exit', () => child.kill('SIGKILL'));
}

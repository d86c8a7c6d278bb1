import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

let ticksPerSecond: number | undefined;

/** CPU seconds that a process has used, user and system, with those of the children it has waited for. Linux. */
export function cpuSeconds(pid: number): number {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the command in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Memory that is in RAM, in bytes. */
export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) * 1024;
}

/** The most memory that a process has had in RAM by the time this is called again, in bytes, or by its end. */
export function watchPeak(pid: number): () => number {
  let peakKb = 0;
  const look = () => {
    const line = /^VmHWM:\s+(\d+) kB/m.exec(tryRead(`/proc/${pid}/status`));
    peakKb = Math.max(peakKb, Number(line?.[1] ?? 0));
  };
  // The kernel keeps the mark for as long as the process lives.
  const timer = setInterval(look, 20).unref();
  return () => {
    look();
    clearInterval(timer);
    return peakKb * 1024;
  };
}

/** Children of a process, and theirs. */
export function descendants(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = tryRead(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const below = (one: number): number[] =>
    (children.get(one) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(pid);
}

/** Empty for a process that ended in between. */
function tryRead(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** By name, the CPU seconds that groups of processes use from now until it is called again. */
export function watchCpu(groups: Record<string, number[]>): () => Record<string, number> {
  const sum = (pids: number[]) => pids.reduce((total, pid) => total + cpuSeconds(pid), 0);
  const before = new Map(Object.entries(groups).map(([name, pids]) => [name, sum(pids)]));
  return () =>
    Object.fromEntries(
      Object.entries(groups).map(([name, pids]) => [name, sum(pids) - (before.get(name) ?? 0)]),
    );
}

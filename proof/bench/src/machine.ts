import { cpus, release, totalmem, type } from 'node:os';

/** Describes the machine of the measurement. */
export const machine = () => ({
  cpus: cpus().length,
  model: cpus()[0]?.model ?? 'unknown',
  memoryGb: Math.round(totalmem() / 2 ** 30),
  system: `${type()} ${release()}`,
  node: process.version,
  measuredAt: new Date().toISOString().slice(0, 10),
});

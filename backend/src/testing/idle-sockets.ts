import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pLimit from 'p-limit';
import { connect } from './live-client.ts';
import { type LoadPerson, startMachine } from './machine.ts';
import { cpuMs, residentMb } from './processes.ts';

/*
 * Measures what idle sockets cost the API: memory, and processor time for pings and heartbeats. Each has its own
 * person.
 */

const { values } = parseArgs({
  options: { sockets: { type: 'string', default: '5000' }, seconds: { type: 'string', default: '35' } },
});
const [count, seconds] = [Number(values.sockets), Number(values.seconds)];
/** Below the limit of unauthenticated sockets per address. */
const connectingAtOnce = 50;

const machine = await startMachine();
try {
  const pid = machine.processes().get('backend') ?? 0;
  const people = await machine.people(count + 1);
  // The first request loads code, which must not count as memory of sockets.
  await open(people.pop() as LoadPerson);
  const before = residentMb(pid);
  const limit = pLimit(connectingAtOnce);
  await Promise.all(people.map((person) => limit(() => open(person))));
  const connected = residentMb(pid);
  const busyMs = cpuMs(pid);
  await sleep(seconds * 1_000);
  const idle = residentMb(pid);
  console.log(
    [
      `${count} idle sockets of ${count} people: ${idle.toFixed(0)} MB in all`,
      `${before.toFixed(0)} MB before, ${connected.toFixed(0)} MB when the last had connected; ${(((idle - before) * 1024) / count).toFixed(1)} KB a socket`,
      `processor while idle: ${((cpuMs(pid) - busyMs) / (seconds * 10)).toFixed(1)} % of one`,
    ].join('\n'),
  );
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await machine.stop();
  process.exit();
}

async function open(person: LoadPerson) {
  const client = await connect(machine.url);
  const { success } = await client.authenticate(person);
  if (!success) throw new Error('a socket was refused');
  client.frames.length = 0;
}

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { givenPath } from '@parley/config/given-path';
import { connect, type LiveClient } from './live-client.ts';
import { type LoadPerson, startMachine } from './machine.ts';
import { cpuMs } from './processes.ts';

/*
 * Measures how long a message takes from its sender's socket to its receiver's, at a steady rate and with every process
 * on this machine. Pairs of people write in turn. Each message is sent on schedule, even if earlier ones have not
 * arrived.
 */

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '10' },
    pairs: { type: 'string', default: '20' },
    profile: { type: 'string', default: '' },
  },
});
const [rate, seconds, pairs] = [Number(values.rate), Number(values.seconds), Number(values.pairs)];
/** Warms up the code and the caches, as on a server after its first minute. */
const warmUpSeconds = 5;
const tickMs = 2;

type Side = { client: LiveClient; person: LoadPerson };
type Pair = { sides: [Side, Side]; uuid: string };

const machine = await startMachine({
  profileDir: values.profile && givenPath(process.env, values.profile),
});
try {
  const made = await makePairs(await machine.people(2 * pairs));
  await run(made, warmUpSeconds);
  const before = processorTimes();
  report(await run(made, seconds), before);
  for (const { sides } of made) for (const { client } of sides) await client.close();
} finally {
  await machine.stop();
}

async function makePairs(people: LoadPerson[]): Promise<Pair[]> {
  const sides = await Promise.all(
    people.map(async (person) => {
      const client = await connect(machine.url);
      await client.authenticate(person);
      return { client, person };
    }),
  );
  const made: Pair[] = [];
  for (let index = 0; index < sides.length; index += 2) {
    const [one, other] = sides.slice(index, index + 2) as [Side, Side];
    const { data } = await one.client.request('message.send', {
      handle: other.person.handle,
      message: 'first',
      idempotency_key: randomUUID(),
    });
    await other.client.event('message.created');
    made.push({ sides: [one, other], uuid: data.message_group_uuid });
  }
  return made;
}

/** Sends at the rate for these seconds, then waits for the messages to arrive. */
async function run(made: Pair[], seconds: number) {
  const sentAtMs = new Map<string, number>();
  const latencies: number[] = [];
  const answers: number[] = [];
  const offs = made.flatMap(({ sides }) => sides).map(({ client, person }) => listen(client, person));
  const total = Math.round(rate * seconds);
  const startedAtMs = performance.now();
  for (let sent = 0; sent < total; await sleep(tickMs)) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAtMs) / 1_000) * rate));
    for (; sent < due; sent += 1) send(made[sent % made.length] as Pair, Math.floor(sent / made.length) % 2);
  }
  const deadline = performance.now() + 5_000;
  while (latencies.length < total && performance.now() < deadline) await sleep(20);
  for (const off of offs) off();
  const sorted = (times: number[]) => times.toSorted((one, other) => one - other);
  return { latencies: sorted(latencies), answers: sorted(answers), sent: total };

  function send({ sides, uuid }: Pair, side: number) {
    const message = randomUUID();
    sentAtMs.set(message, performance.now());
    const payload = { message_group_uuid: uuid, message, idempotency_key: message };
    sides[side as 0 | 1].client.socket.send(JSON.stringify({ id: message, action: 'message.send', payload }));
  }

  /** Records when a message of the other person, or the answer to an own one, arrives. */
  function listen({ socket, frames, arrivedAtMs }: LiveClient, { uuid }: LoadPerson) {
    const record = () => {
      const frame = frames.at(-1);
      const isMessage = frame.event === 'message.created' && frame.data.user_uuid !== uuid;
      const sentAt = sentAtMs.get(isMessage ? frame.data.message : frame.request_id);
      const arrivedAt = arrivedAtMs.at(-1) ?? 0;
      if (sentAt && isMessage) latencies.push(arrivedAt - sentAt);
      else if (sentAt && frame.success) answers.push(arrivedAt - sentAt);
      frames.length = 0;
      arrivedAtMs.length = 0;
    };
    socket.on('message', record);
    return () => socket.off('message', record);
  }
}

function processorTimes() {
  const times = [...machine.processes()].map(([name, pid]) => [name, cpuMs(pid)] as const);
  return new Map([
    ...times,
    ['this program', process.cpuUsage().user / 1e3 + process.cpuUsage().system / 1e3],
  ]);
}

function report({ latencies, answers, sent }: Awaited<ReturnType<typeof run>>, before: Map<string, number>) {
  const at = (times: number[], part: number) =>
    (times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0).toFixed(1);
  const line = (times: number[]) =>
    `median ${at(times, 0.5)} ms, p90 ${at(times, 0.9)} ms, p99 ${at(times, 0.99)} ms, longest ${at(times, 1)} ms`;
  const lines = [
    `${rate} messages/s for ${seconds} s, ${pairs} pairs: ${latencies.length} of ${sent} arrived`,
    `to the receiver's socket: ${line(latencies)}`,
    `to the sender's answer:   ${line(answers)}`,
    ...[...processorTimes()].map(([name, ms]) => {
      const each = (ms - (before.get(name) ?? 0)) / sent;
      return `processor time for each message: ${name} ${each.toFixed(2)} ms`;
    }),
  ];
  console.log(lines.join('\n'));
  if (latencies.length < sent) process.exitCode = 1;
}

import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createLoopbackGuard, type Door } from './loopback-guard.ts';
import { startNativeServer } from './native-server.ts';

export type DynamodbLocalOptions = {
  /** With a `door` a guard listens there, which lets no web page in; without one the server itself does. */
  port: number;
  /** Its port is where the server itself listens then. */
  door?: Door | undefined;
  /** DynamoDBLocal.jar, with its libraries beside it. */
  jar: string;
  /** Where the tables are kept; without it, in memory. */
  dir?: string;
  pidFile?: string;
};

// The optimising compiler never pays for itself in a run of minutes: without it a request costs half the CPU time.
const javaOptions = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

/** Runs Amazon's DynamoDB Local on a folder. It listens on every address of the machine: nothing changes that. */
export async function startDynamodbLocal(
  { port, door, jar, dir, pidFile }: DynamodbLocalOptions,
  log: (line: string) => void = () => {},
) {
  if (dir) mkdirSync(dir, { recursive: true });
  const own = door?.port ?? port;
  const guard = door && createLoopbackGuard({ host: '127.0.0.1', port: own });
  await guard?.listen(port);
  const libraries = `-Djava.library.path=${join(dirname(jar), 'DynamoDBLocal_lib')}`;
  const server = await startNativeServer(
    {
      name: 'DynamoDB Local',
      command: 'java',
      // No page of a browser may read an answer: the default allows every origin.
      args: [
        ...javaOptions,
        ...[libraries, '-jar', jar, '-port', String(own), '-sharedDb'],
        ...(dir ? ['-dbPath', dir] : ['-inMemory']),
        ...['-cors', 'http://nobody.invalid', '-disableTelemetry'],
      ],
      // It leaves a file with its telemetry's settings there.
      cwd: dir ?? tmpdir(),
      pidFile,
      port: own,
      explain,
    },
    log,
  );
  const stop = async () => {
    await guard?.close();
    await server.stop();
  };
  return { url: `http://127.0.0.1:${port}`, failed: server.failed, stop };
}

function explain(said: string) {
  if (said.includes('UnsupportedClassVersionError'))
    return 'DynamoDB Local needs a newer Java than the one that is installed: version 17 or later.';
  return undefined;
}

import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createLoopbackGuard, type Door } from './loopback-guard.ts';
import { startNativeServer } from './native-server.ts';

export type DynamodbLocalOptions = {
  /** With a `door` a guard listens on this port and refuses web pages. Without one the server itself listens here. */
  port: number;
  /** The server's own port behind the guard. */
  door?: Door | undefined;
  /** DynamoDBLocal.jar, with its libraries beside it. */
  jar: string;
  /** The folder of the tables. In memory by default. */
  dir?: string;
  pidFile?: string;
};

// In a run of minutes the optimizing compiler never pays off. Without it a request costs half the CPU time.
const javaOptions = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

/** Runs Amazon's DynamoDB Local on a folder. It always listens on every address of the machine. */
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
      // No page may read an answer. The default allows every origin.
      args: [
        ...javaOptions,
        ...[libraries, '-jar', jar, '-port', String(own), '-sharedDb'],
        ...(dir ? ['-dbPath', dir] : ['-inMemory']),
        ...['-cors', 'http://nobody.invalid', '-disableTelemetry'],
      ],
      // DynamoDB Local leaves a settings file of its telemetry in this folder.
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

function explain(output: string) {
  if (output.includes('UnsupportedClassVersionError'))
    return 'The installed Java is too old for DynamoDB Local, which needs version 17 or later.';
  return undefined;
}

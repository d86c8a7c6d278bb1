import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '@parley/config/config';
import { StartError } from '../../engines/src/start-error.ts';

/** The engine that stores conversations on this machine. */
export type TableEngine = { name: 'dynoxide' } | { name: 'dynamodb-local'; jar: string };

/** What the choice of an engine may ask of the machine. It asks in this order, and stops when it has chosen. */
export type Machine = {
  platform: string;
  isFile(path: string): boolean;
  /** Installs dynoxide if npm has it for this platform. */
  installDynoxide(): boolean;
  /** Undefined if there is no Java. */
  javaVersion(): number | undefined;
  downloadedJar(): string | undefined;
  /** Undefined if there is no terminal to ask at. */
  confirm(question: string): Promise<boolean> | undefined;
  download(): Promise<string>;
  downloadUrl: string;
};

type Settings = Pick<Config, 'DYNAMODB_LOCAL_JAR' | 'DYNAMODB_LOCAL_DOWNLOAD'>;

const neededJava = 17;
const orYourOwn = 'or set AWS_ENDPOINT_URL_DYNAMODB to a DynamoDB API that runs already';

/** Chooses dynoxide if it supports this platform, and otherwise DynamoDB Local, configured or downloaded from AWS. */
export async function findTableEngine(settings: Settings, machine: Machine): Promise<TableEngine> {
  if (settings.DYNAMODB_LOCAL_JAR) return givenJar(settings.DYNAMODB_LOCAL_JAR, machine);
  if (machine.installDynoxide()) return { name: 'dynoxide' };
  const missing = `There is no embedded DynamoDB API for ${machine.platform}`;
  const java = machine.javaVersion();
  if (java === undefined || java < neededJava) {
    const found = java === undefined ? 'none is installed' : `version ${java} is installed`;
    throw new StartError(
      `${missing}, and DynamoDB Local needs Java ${neededJava} or later: ${found}. Install it, ${orYourOwn}.`,
    );
  }
  const jar = machine.downloadedJar() ?? (await downloadWithConsent(settings, machine, missing));
  return { name: 'dynamodb-local', jar };
}

function givenJar(jar: string, { isFile, javaVersion }: Machine): TableEngine {
  if (!isFile(jar)) throw new StartError(`DYNAMODB_LOCAL_JAR is not a file: ${jar}`);
  if (javaVersion() === undefined)
    throw new StartError(`DYNAMODB_LOCAL_JAR is set, but Java is not installed. Install it, ${orYourOwn}.`);
  return { name: 'dynamodb-local', jar };
}

async function downloadWithConsent(settings: Settings, machine: Machine, missing: string) {
  const question = `${missing}. Download DynamoDB Local from AWS (${machine.downloadUrl})?`;
  const isWanted = settings.DYNAMODB_LOCAL_DOWNLOAD || (await machine.confirm(question));
  if (isWanted) return machine.download();
  throw new StartError(
    `${missing}. Run bin/start --download to fetch DynamoDB Local from AWS, or set DYNAMODB_LOCAL_JAR to your copy, ${orYourOwn}.`,
  );
}

export const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

/** An engine's data folder, below DATA_DIR. */
export const tableFolder = (dataDir: string, name: TableEngine['name']) => join(dataDir, name);

/** Throws if the folder has data of the other engine, because people would find their conversations empty. */
export function assertSameTableEngine(dataDir: string, name: TableEngine['name']) {
  const other = name === 'dynoxide' ? 'dynamodb-local' : 'dynoxide';
  if (!existsSync(tableFolder(dataDir, other)) || existsSync(tableFolder(dataDir, name))) return;
  throw new StartError(
    `${dataDir} holds conversations of ${other}, and this start would use ${name}. ` +
      'Set another DATA_DIR, or delete the data with --fresh (bin/export and bin/import move a system).',
  );
}

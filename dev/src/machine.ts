import { spawnSync } from 'node:child_process';
import { ask } from '@parley/cli/confirm';
import {
  downloadDynamodbLocal,
  downloadedJar,
  dynamodbLocalRelease,
} from '../../engines/src/dynamodb-local-download.ts';
import { installDynoxide, platform } from '../../engines/src/dynoxide-binary.ts';
import { isFile, type Machine } from './table-engine.ts';

/** The machine that bin/start runs on. */
export const thisMachine: Machine = {
  platform,
  isFile,
  installDynoxide,
  javaVersion,
  downloadedJar,
  confirm: process.stdin.isTTY ? confirm : () => undefined,
  async download() {
    process.stdout.write('Downloading DynamoDB Local ...\n');
    return downloadDynamodbLocal();
  },
  downloadUrl: dynamodbLocalRelease.url,
};

async function confirm(question: string) {
  return /^y(es)?$/i.test((await ask(`${question} [y/N] `))?.trim() ?? '');
}

/**
 * The major version that `java -version` prints: 17 of "17.0.15", 8 of "1.8.0". Without Java, macOS has a stub that
 * fails.
 */
export function javaVersion(command = 'java') {
  const { status, stderr } = spawnSync(command, ['-version'], { encoding: 'utf8' });
  const version = /version "(?:1\.)?(\d+)/.exec(stderr ?? '')?.[1];
  return status === 0 && version ? Number(version) : undefined;
}

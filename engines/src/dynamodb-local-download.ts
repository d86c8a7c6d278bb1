import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StartError } from './start-error.ts';

export type Release = { version: string; url: string; sha256: string };

/** A fixed version at the download address of AWS (docs/decisions/0031), with the hash of its archive. */
export const dynamodbLocalRelease: Release = {
  version: '2026-10-14',
  url: 'https://d1ni2b6xgvw0s0.cloudfront.net/v2.x/dynamodb_local_2026-10-14.tar.gz',
  sha256: '7a94eb65f81aee270738751a4e5e3e6a7ad02a5d25194f55b83e08ec2ba6342b',
};

const timeoutMs = 15 * 60_000;
/**
 * In the person's cache and not in node_modules, because `npm ci` would delete it, and the person would be asked again.
 */
export const dynamodbLocalCache = join(homedir(), '.cache/parley/dynamodb-local');
const page =
  'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DynamoDBLocal.DownloadingAndRunning.html';

/** The jar of a release, if it was downloaded before. */
export function downloadedJar({ version } = dynamodbLocalRelease, folder = dynamodbLocalCache) {
  const jar = join(folder, version, 'DynamoDBLocal.jar');
  return existsSync(jar) ? jar : undefined;
}

/** Downloads and unpacks a release. Removes a truncated or unexpected archive. */
export async function downloadDynamodbLocal(release = dynamodbLocalRelease, folder = dynamodbLocalCache) {
  const partial = join(folder, `${release.version}.${process.pid}`);
  const unpacked = join(partial, 'unpacked');
  mkdirSync(unpacked, { recursive: true });
  try {
    const archive = join(partial, 'archive.tar.gz');
    await fetchInto(release.url, archive);
    const sha256 = await hashOf(archive);
    if (sha256 !== release.sha256) throw new Error(`its SHA-256 is ${sha256}, not ${release.sha256}`);
    execFileSync('tar', ['-xzf', archive, '-C', unpacked], { stdio: ['ignore', 'ignore', 'pipe'] });
    if (!downloadedJar(release, folder)) renameSync(unpacked, join(folder, release.version));
  } catch (error) {
    throw new StartError(
      `DynamoDB Local could not be downloaded from ${release.url}: ${reason(error)}. ` +
        `Download it yourself (${page}) and set DYNAMODB_LOCAL_JAR.`,
      { cause: error },
    );
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  const jar = downloadedJar(release, folder);
  if (!jar) throw new StartError(`${release.url} contains no DynamoDBLocal.jar. Set DYNAMODB_LOCAL_JAR.`);
  return jar;
}

async function fetchInto(url: string, path: string) {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok || !response.body) throw new Error(`the answer is ${response.status}`);
  await pipeline(Readable.fromWeb(response.body), createWriteStream(path));
}

async function hashOf(path: string) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** The reason of a failed fetch is only in its cause. */
function reason(error: unknown) {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  return cause || error.message;
}

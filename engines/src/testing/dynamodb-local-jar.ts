import { execFileSync, type StdioOptions } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { dynamodbLocalCache } from '../dynamodb-local-download.ts';

/*
 * Prints the path of DynamoDBLocal.jar for the tests: DYNAMODB_LOCAL_JAR, or else the jar of an npm package, which is
 * downloaded once. The package, of 57 MB, is not a dependency of the repository, because nothing else needs it.
 */

const name = 'amplify-dynamodb-simulator';
const version = '2.9.30';
const integrity =
  'sha512-xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ==';
const folder = join(dynamodbLocalCache, `${name}-${version}`);
const jar = join(folder, 'package/emulator/DynamoDBLocal.jar');

if (!process.env.DYNAMODB_LOCAL_JAR && !existsSync(jar)) fetchPackage();
process.stdout.write(`${process.env.DYNAMODB_LOCAL_JAR || jar}\n`);

function fetchPackage() {
  const partial = `${folder}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    const stdio: StdioOptions = ['ignore', 'ignore', 'inherit'];
    execFileSync('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', partial], {
      cwd: partial,
      stdio,
    });
    const archive = join(partial, `${name}-${version}.tgz`);
    const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (found !== integrity) throw new Error(`${name}@${version} is not the expected one: ${found}`);
    execFileSync('tar', ['-xzf', archive, '-C', partial, 'package/emulator'], { stdio });
    rmSync(archive);
    if (!existsSync(folder)) renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

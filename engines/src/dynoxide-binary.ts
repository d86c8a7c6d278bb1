import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const version = '1.2.1';
const target = `${process.platform}-${process.arch}`;
/** Apart from the workspaces' own tree: an `npm install` there would remove a package it does not list. */
const folder = join(import.meta.dirname, '../../node_modules/.cache/dynoxide', version);
const binary = join(folder, `node_modules/@dynoxide/${target}/dynoxide`);

export function dynoxideBinary() {
  if (!existsSync(binary)) installDynoxide();
  return binary;
}

/** Installs the package of this platform only: listing those of others as optional dependencies breaks `npm ci`. */
function installDynoxide() {
  const name = `@dynoxide/${target}@${version}`;
  const partial = `${folder}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    execFileSync('npm', ['install', '--no-save', '--no-package-lock', '--prefix', partial, name], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    if (!existsSync(folder)) renameSync(partial, folder);
  } catch (error) {
    throw new Error(
      `The embedded DynamoDB API could not be installed: npm has no ${name} for this machine. ` +
        'Run DynamoDB Local instead (docker run -p 8000:8000 amazon/dynamodb-local) and set ' +
        'AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:8000.',
      { cause: error },
    );
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

type Entry = {
  integrity?: string;
  resolved?: string;
  link?: boolean;
  /** A bundled package comes in its parent's archive, whose integrity hash covers it. */
  inBundle?: boolean;
  optionalDependencies?: Record<string, string>;
};

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Record<string, Entry>;
};
const installed = Object.entries(packages).filter(
  ([path, { link }]) => path.includes('node_modules/') && !link,
);

test('npm verifies every package that it downloads', () => {
  const unverified = installed.filter(
    ([, { integrity, inBundle }]) => !inBundle && !integrity?.startsWith('sha512-'),
  );
  expect(unverified.map(([path]) => path)).toEqual([]);
});

test('the lockfile names no registry, so npm uses the configured one', () => {
  expect(installed.filter(([, { resolved }]) => resolved).map(([path]) => path)).toEqual([]);
});

test('the native packages of every platform are listed, so that npm ci installs those of the machine', () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !isListed(path, name))
      .map((name) => `${path}: ${name}`),
  );
  expect(missing).toEqual([]);
});

/** Whether a package can resolve another one in a node_modules folder beside or above it. */
function isListed(path: string, name: string): boolean {
  if (packages[`${path ? `${path}/` : ''}node_modules/${name}`]) return true;
  if (path === '') return false;
  const above = path.lastIndexOf('/node_modules/');
  return isListed(above < 0 ? '' : path.slice(0, above), name);
}

/* Builds client/dist: one ESM file, its types and a manifest, ready for `npm pack ./client/dist`. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(fileURLToPath(import.meta.url));
const dist = resolve(root, process.argv[2] ?? 'dist');
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });

await build({
  entryPoints: [join(root, 'src/index.ts')],
  outfile: join(dist, 'index.js'),
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
});

const compiler = join(root, '../node_modules/typescript/bin/tsc');
const types = join(dist, 'types');
execFileSync(
  process.execPath,
  [compiler, '-p', join(root, 'tsconfig.json'), '--noEmit', 'false', '--outDir', types],
  { stdio: 'inherit' },
);

// The package contains the types of the contract, so their imports become relative.
for (const name of readdirSync(types, { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.d.ts')) continue;
  const path = join(types, name);
  const contract = relative(dirname(path), join(types, 'contract/src')).replaceAll('\\', '/');
  const text = readFileSync(path, 'utf8').replace(
    /(['"])@parley\/contract\/([\w-]+)\1/g,
    `'${contract}/$2.js'`,
  );
  writeFileSync(path, text.replace(/(from\s+['"]\.[^'"]*)\.ts(['"])/g, '$1.js$2'));
}

const { name, version, description, license, type, sideEffects } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);
const { dependencies } = JSON.parse(readFileSync(join(root, '../contract/package.json'), 'utf8'));
const manifest = {
  ...{ name, version, description, license, type, sideEffects },
  exports: { '.': { types: './types/client/src/index.d.ts', default: './index.js' } },
  // Only the types import them.
  dependencies,
};
writeFileSync(join(dist, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
cpSync(join(root, 'README.md'), join(dist, 'README.md'));
cpSync(join(root, '../LICENSE'), join(dist, 'LICENSE'));

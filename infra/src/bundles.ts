import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The Lambdas, with the folders that are copied beside their code. */
const bundles = {
  'message-stream': [],
  'post-confirmation': [],
  'pre-sign-up': [],
  drift: [],
  migrate: ['db/migrations'],
} as const;

export type BundleName = keyof typeof bundles;
export const bundleNames = Object.keys(bundles) as BundleName[];

export type Bundle = { dir: string; bytes: number; sha256: string };

/**
 * Builds each Lambda into one file, `outdir`/NAME/index.mjs, with a source map. It contains only the used parts of the
 * AWS SDK. The same sources give the same bytes on every machine.
 */
export async function buildBundles(outdir: string): Promise<Record<BundleName, Bundle>> {
  const built = await Promise.all(
    bundleNames.map(async (name) => [name, await buildBundle(name, join(outdir, name))]),
  );
  return Object.fromEntries(built);
}

async function buildBundle(name: BundleName, dir: string): Promise<Bundle> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { index: `lambdas/src/${name}/index.ts` },
    // Paths in the source map are relative to this folder, not to where the files end up.
    outdir: 'infra/dist/bundle',
    outExtension: { '.js': '.mjs' },
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    mainFields: ['module', 'main'],
    minify: true,
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    // The optional native driver of pg is not used.
    external: ['pg-native'],
    // Bundled CommonJS packages call `require` for modules of Node.
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    logLevel: 'warning',
  });
  // Files of an earlier build would change the hash.
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  for (const { path, contents } of outputFiles) await writeFile(join(dir, basename(path)), contents);
  for (const folder of bundles[name])
    await cp(join(root, folder), join(dir, basename(folder)), { recursive: true });
  const code = outputFiles.find(({ path }) => path.endsWith('.mjs'))?.contents ?? new Uint8Array();
  return { dir, bytes: code.length, sha256: await hashOf(dir) };
}

/** Hashes every file with its name, because a new migration alone must be deployed and run too. */
export async function hashOf(dir: string): Promise<string> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  const hash = createHash('sha256');
  for (const file of files.sort())
    hash.update(`${relative(dir, file)}\0`).update(
      createHash('sha256')
        .update(await readFile(file))
        .digest(),
    );
  return hash.digest('hex');
}

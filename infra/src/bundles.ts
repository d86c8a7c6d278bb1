import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The Lambdas, and what lies beside their code. */
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
 * Builds each Lambda into one file, `outdir`/NAME/index.mjs, with its source map beside it. Only what is used of the
 * AWS SDK is in it. The same sources give the same bytes, wherever they are built.
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
    // Optional native driver of pg, which nothing here uses.
    external: ['pg-native'],
    // CommonJS packages inside call `require` for what Node itself brings.
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    logLevel: 'warning',
  });
  // What an earlier build left there would count too.
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  for (const { path, contents } of outputFiles) await writeFile(join(dir, basename(path)), contents);
  for (const folder of bundles[name])
    await cp(join(root, folder), join(dir, basename(folder)), { recursive: true });
  const code = outputFiles.find(({ path }) => path.endsWith('.mjs'))?.contents ?? new Uint8Array();
  return { dir, bytes: code.length, sha256: await hashOf(dir) };
}

/** Of every file with its name. What lies beside the code counts: a new migration alone has to be deployed, and run. */
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

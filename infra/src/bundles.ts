import { createHash } from 'node:crypto';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The Lambdas, and what lies beside their code. */
const bundles = {
  'message-stream': [],
  'post-confirmation': [],
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
  await mkdir(dir, { recursive: true });
  for (const { path, contents } of outputFiles) await writeFile(join(dir, basename(path)), contents);
  for (const folder of bundles[name])
    await cp(join(root, folder), join(dir, basename(folder)), { recursive: true });
  const code = outputFiles.find(({ path }) => path.endsWith('.mjs'))?.contents ?? new Uint8Array();
  const hash = createHash('sha256');
  for (const { contents } of outputFiles) hash.update(contents);
  return { dir, bytes: code.length, sha256: hash.digest('hex') };
}

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../bundles.ts';
import { stackNames } from '../parley.ts';
import type { Settings } from '../settings.ts';

export type Resource = {
  stack: string;
  id: string;
  Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: what CloudFormation takes is JSON of any shape.
  Properties: any;
  DeletionPolicy?: string;
  Metadata?: Record<string, unknown>;
};

/**
 * Synthesises as bin/aws/synth does, without an account, and reads every resource. It ends with an error for a finding.
 *
 * @param changes settings that the example leaves open
 */
export async function synthesise(changes: Partial<Settings>) {
  const outdir = await mkdtemp(join(tmpdir(), 'templates-'));
  try {
    const example = JSON.parse(await readFile(join(root, 'infra/settings.example.json'), 'utf8'));
    const settings = join(outdir, 'settings.json');
    await writeFile(settings, JSON.stringify({ ...example, ...changes }));
    const app = ['--import', 'tsx', join(root, 'infra/src/app.ts'), outdir, settings];
    // No credentials, no profile, no Docker.
    await promisify(execFile)(process.execPath, app, {
      cwd: root,
      env: { PATH: '', HOME: outdir },
      timeout: 120_000,
    });
    const read = async (file: string) => JSON.parse(await readFile(join(outdir, file), 'utf8'));
    const resources: Resource[] = [];
    for (const stack of stackNames) {
      const { Resources } = await read(`parley-${stack}.template.json`);
      for (const [id, resource] of Object.entries<Omit<Resource, 'stack' | 'id'>>(Resources))
        resources.push({ ...resource, stack, id, Properties: resource.Properties ?? {} });
    }
    return { resources, manifest: await read('manifest.json') };
  } finally {
    await rm(outdir, { recursive: true });
  }
}

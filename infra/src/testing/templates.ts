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
  // biome-ignore lint/suspicious/noExplicitAny: CloudFormation accepts JSON of any shape.
  Properties: any;
  DeletionPolicy?: string;
  Metadata?: Record<string, unknown>;
};
type Note = { type: string; data: Record<string, string> };

/**
 * Synthesises as bin/aws/synth does, without an account, and reads every resource. It ends with an error for a finding.
 *
 * @param changes settings that the example leaves open
 */
export async function synthesise(changes: Partial<Settings>) {
  return synthesised('app.ts', changes, async (outdir) => {
    const read = async (file: string) => JSON.parse(await readFile(join(outdir, file), 'utf8'));
    const resources: Resource[] = [];
    const acknowledged: [id: string, reason: string][] = [];
    for (const stack of stackNames) {
      const { Resources } = await read(`parley-${stack}.template.json`);
      for (const [id, resource] of Object.entries<Omit<Resource, 'stack' | 'id'>>(Resources))
        resources.push({ ...resource, stack, id, Properties: resource.Properties ?? {} });
      const notes = Object.values<Note[]>(await read(`parley-${stack}.metadata.json`)).flat();
      for (const { type, data } of notes)
        if (type === 'aws:cdk:acknowledged-rules') acknowledged.push(...Object.entries(data));
    }
    return { resources, acknowledged, manifest: await read('manifest.json') };
  });
}

/**
 * Runs a script of infra/src that synthesises into a folder, by the example's settings, without credentials or Docker.
 */
export async function synthesised<T>(
  script: string,
  changes: Partial<Settings>,
  read: (outdir: string) => Promise<T>,
): Promise<T> {
  const outdir = await mkdtemp(join(tmpdir(), 'templates-'));
  try {
    const file = join(outdir, 'settings.json');
    const example = JSON.parse(await readFile(join(root, 'infra/settings.example.json'), 'utf8'));
    await writeFile(file, JSON.stringify({ ...example, ...changes }));
    const app = ['--import', 'tsx', join(root, 'infra/src', script), outdir, file];
    const env = { PATH: '', HOME: outdir };
    await promisify(execFile)(process.execPath, app, { cwd: root, env, timeout: 120_000 });
    return await read(outdir);
  } finally {
    await rm(outdir, { recursive: true });
  }
}

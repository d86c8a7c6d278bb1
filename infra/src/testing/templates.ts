import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../bundles.ts';
import { stackNames } from '../parley.ts';

export type Resource = {
  stack: string;
  id: string;
  Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: what CloudFormation takes is JSON of any shape.
  Properties: any;
  DeletionPolicy?: string;
  Metadata?: Record<string, unknown>;
};
type Note = { type: string; data: Record<string, string> };

/** Synthesises as bin/aws/synth does, without an account, and reads every resource. It ends with an error for a finding. */
export async function synthesise() {
  return synthesised('app.ts', async (outdir) => {
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

/** Runs a script of infra/src that synthesises into a folder, without credentials, a profile or Docker. */
export async function synthesised<T>(script: string, read: (outdir: string) => Promise<T>): Promise<T> {
  const outdir = await mkdtemp(join(tmpdir(), 'templates-'));
  try {
    await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', join(root, 'infra/src', script), outdir],
      { cwd: root, env: { PATH: '', HOME: outdir }, timeout: 120_000 },
    );
    return await read(outdir);
  } finally {
    await rm(outdir, { recursive: true });
  }
}

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tsImport } from 'tsx/esm/api';

/** Starts the engines of all test workers, unless the environment names real servers. */
export default async function setUp({ maxWorkers }) {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const { startTestEngines } = await tsImport('./test-engines.ts', import.meta.url);
  const folder = mkdtempSync(join(tmpdir(), 'parley-test-'));
  globalThis.parleyTestEngines = await startTestEngines(folder, maxWorkers, process.env);
}

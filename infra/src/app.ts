import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildBundles, root } from './bundles.ts';
import { createParley } from './parley.ts';
import { readSettings } from './settings.ts';

/*
 * node --import tsx infra/src/app.ts [FOLDER [SETTINGS]]: builds the bundles, then writes the templates to FOLDER, or
 * to the CDK's own folder. Without SETTINGS and infra/settings.json it uses the example's placeholders, which can be
 * synthesised but not deployed.
 */
const [folder, given] = process.argv.slice(2);
const own = join(root, 'infra/settings.json');
const settings = readSettings(given ?? (existsSync(own) ? own : join(root, 'infra/settings.example.json')));
const bundles = await buildBundles(join(root, 'infra/dist/lambdas'));
createParley(settings, bundles, folder).synth();

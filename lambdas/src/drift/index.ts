import { loadConfig, tableOptions } from '@parley/config/config';
import { createTable } from '@parley/core/table/client';
import { createPowertools } from '../aws/powertools.ts';
import { createDriftHandler } from './handler.ts';

// Created once for each container, and reused by its invocations. A container handles one event at a time.
const config = loadConfig(process.env);
const powertools = createPowertools('drift', config);
const table = createTable(tableOptions(config));
powertools.traceClient(table.doc);

export const handler = powertools.instrument(createDriftHandler(table, powertools));

import type { Scenario } from '../scenario.ts';
import { bundle } from './bundle.ts';
import { check } from './check.ts';
import { client } from './client.ts';
import { corpus } from './corpus.ts';
import { deliveries } from './deliver.ts';
import { engineFloor } from './engine-floor.ts';
import { fanOut } from './fan-out.ts';
import { growth } from './growth.ts';
import { idle } from './idle.ts';
import { indexKey } from './index-key.ts';
import { memory } from './memory.ts';
import { pages } from './pages.ts';
import { posts } from './post.ts';
import { readUnits } from './read-units.ts';
import { start } from './start.ts';
import { summaryLag } from './summary-lag.ts';
import { throttling } from './throttling.ts';
import { twoNodes } from './two-nodes.ts';
import { writeUnits } from './write-units.ts';

/** In the order in which they run: what is counted first, what is timed after it. */
export const scenarios: Scenario[] = [
  writeUnits,
  readUnits,
  twoNodes,
  corpus,
  indexKey,
  idle,
  throttling,
  engineFloor,
  client,
  growth,
  ...posts,
  ...pages,
  ...deliveries,
  fanOut,
  summaryLag,
  memory,
  check,
  start,
  bundle,
];

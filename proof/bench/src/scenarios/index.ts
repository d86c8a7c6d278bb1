import type { Scenario } from '../scenario.ts';
import { corpus } from './corpus.ts';
import { deliveries } from './deliver.ts';
import { fanOut } from './fan-out.ts';
import { growth } from './growth.ts';
import { idle } from './idle.ts';
import { memory } from './memory.ts';
import { pages } from './pages.ts';
import { posts } from './post.ts';
import { readUnits } from './read-units.ts';
import { start } from './start.ts';
import { summaryLag } from './summary-lag.ts';
import { writeUnits } from './write-units.ts';

/** Scenarios in the order in which they run: first those that count, then those that measure time. */
export const scenarios: Scenario[] = [
  writeUnits,
  readUnits,
  corpus,
  idle,
  growth,
  ...posts,
  ...pages,
  ...deliveries,
  fanOut,
  summaryLag,
  memory,
  start,
];

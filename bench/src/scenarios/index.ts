import type { Scenario } from '../scenario.ts';
import { deliver } from './deliver.ts';
import { post } from './post.ts';
import { readUnits } from './read-units.ts';
import { twoNodes } from './two-nodes.ts';
import { writeUnits } from './write-units.ts';

/** In the order in which they run: what is counted first, what is timed after it. */
export const scenarios: Scenario[] = [writeUnits, readUnits, twoNodes, post, deliver];

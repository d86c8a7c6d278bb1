import { describe, expect, it } from '@jest/globals';
import { callTree } from './cpu-profile.ts';
import { flameGraph } from './flame-graph.ts';

const frame = (functionName: string, url = '') => ({ functionName, url });
/** Half of a second idle; of the other half a fifth in a listener of Node's, the rest in what it called twice. */
const profile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 3, 5] },
    { id: 2, callFrame: frame('(idle)') },
    { id: 3, callFrame: frame('emit', 'node:events'), children: [4, 6] },
    { id: 4, callFrame: frame('append', 'file:///somewhere/core/src/log.ts') },
    { id: 5, callFrame: frame('run', 'node:internal/modules/run_main'), children: [7] },
    { id: 6, callFrame: frame('append', 'file:///somewhere/core/src/log.ts') },
    { id: 7, callFrame: frame('<send>', 'file:///somewhere/node_modules/express/lib/response.js') },
  ],
  samples: [2, 3, 4, 6, 7],
  timeDeltas: [500, 100, 200, 100, 100],
};

describe('a profile', () => {
  it('is a tree of calls with the time of each, without idle time', () => {
    const tree = callTree(profile);
    expect(tree.totalMicros).toBe(500);
    expect(tree.children.map(({ totalMicros }) => totalMicros)).toEqual([0, 400, 100]);
  });

  it('tells the kind of each call, also by what led to it', () => {
    const [, emit, run] = callTree(profile).children;
    expect([emit, emit?.children[0], run, run?.children[0]].map((call) => call?.kind)).toEqual([
      ...['node', 'own'],
      ...['loading', 'loading'],
    ]);
  });

  it('is drawn with the calls of one function as one, as wide as they took', () => {
    const svg = flameGraph('a < b', callTree(profile));
    expect(svg).toContain('a &lt; b');
    expect(svg.match(/<title>append core\/src\/log\.ts: 60\.0 %/g)).toHaveLength(1);
    expect(svg).toContain('<title>emit node:events: 80.0 %');
    expect(svg).not.toContain('response.js');
    const widths = [...svg.matchAll(/width="([\d.]+)" height="15"/g)].map(([, width]) => Number(width));
    expect(widths).toEqual([959.5, 719.5, 239.5]);
  });
});

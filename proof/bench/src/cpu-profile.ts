/** What `node --cpu-prof` leaves: a tree of calls, and which of them was running at each sample. */
export type CpuProfile = { nodes: Node[]; samples: number[]; timeDeltas: number[] };
export type Frame = { functionName: string; url: string };
type Node = { id: number; callFrame: Frame; children?: number[] };

/** A call within those that led to it: the kind of work it is, `micros` of its own, and with what it called. */
export type Call = { frame: Frame; kind: Kind; micros: number; totalMicros: number; children: Call[] };

/** The tree of a profile, without the time in which nothing ran. */
export function callTree({ nodes, samples, timeDeltas }: CpuProfile): Call {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const own = new Map<number, number>();
  for (const [index, sample] of samples.entries())
    own.set(sample, (own.get(sample) ?? 0) + (timeDeltas[index] ?? 0));

  function call({ id, callFrame, children = [] }: Node, caller?: Kind): Call {
    // What loading a module calls is part of it.
    const kind = caller === 'loading' ? caller : kindOf(callFrame);
    const called = children.map((child) => call(byId.get(child) as Node, kind));
    const micros = callFrame.functionName === '(idle)' ? 0 : (own.get(id) ?? 0);
    const totalMicros = called.reduce((sum, each) => sum + each.totalMicros, micros);
    return { frame: callFrame, kind, micros, totalMicros, children: called };
  }
  return call(nodes[0] as Node);
}

export const kinds = {
  own: 'Parley, JSON of the table included',
  sdk: 'the SDK',
  web: 'Express, helmet, pino',
  packages: 'other packages, zod among them',
  node: 'Node: sockets, streams, native code',
  garbage: 'garbage collection',
  loading: 'loading modules at its start',
} as const;
export type Kind = keyof typeof kinds;

const web = /node_modules\/(express|router|helmet|pino|body-parser|cors|send|finalhandler|sonic-boom)\//;
const sdk = /node_modules\/@(smithy|aws-sdk|aws)\//;

function kindOf({ functionName, url }: Frame): Kind {
  if (url.includes('internal/modules')) return 'loading';
  if (functionName === '(garbage collector)') return 'garbage';
  if (sdk.test(url)) return 'sdk';
  if (web.test(url)) return 'web';
  if (url.includes('node_modules')) return 'packages';
  return url.startsWith('node:') || url === '' ? 'node' : 'own';
}

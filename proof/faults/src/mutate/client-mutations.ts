import { type Mutation, mutationsOf } from './mutation.ts';

/** Mutations of one file, found by the test of its name. */
const of = (path: string, rows: [what: string, from: string, to: string][]) =>
  mutationsOf(`client/src/${path}.ts`, [`client/src/${path}.test.ts`], rows);

export const clientMutations: Mutation[] = [
  ...of('live/answers', [
    ['a refusal asks for an hour', 'Math.min(retry_after * 1_000, longestPauseMs)', 'retry_after * 1_000'],
    ['a request waits forever', "reject(new Error('no answer'));", ''],
    ['an answered request keeps its timer', 'clearTimeout(asked.timer);', ''],
  ]),
  ...of('live/retries', [
    ['a success does not reset the pauses', 'attempt = 0;\n    },', '},'],
    ['a second refusal of tokens causes no pause', 'isRefused && attempt === 0', 'isRefused'],
    ['a pause outlives its attempt', 'leastMs = 0;\n    },', '},'],
    [
      'a hint counts more than a refusal',
      'Math.max(leastMs, hintOf(reason) ?? backoffMs(attempt))',
      'hintOf(reason) ?? backoffMs(attempt)',
    ],
    ['any close reason may contain a hint', '/^reconnect', '/reconnect'],
  ]),
  ...of('live/upkeep', [
    ['a token may expire between two intervals', '2 * pingEveryMs', 'pingEveryMs / 2'],
    ['a busy gateway ends the token', ' && error.code === tokenRefused', ''],
    ['a refused ping loses the socket', 'if (!(error instanceof Refusal)) onLost', 'onLost'],
    ['a second start pings twice', 'clearInterval(timer);\n      timer =', 'timer ='],
  ]),
  ...of('live/events', [
    ['an unknown event calls any method of its name', 'if (!Object.hasOwn(handlers, event)) return;', ''],
  ]),
  ...of('live/socket', [
    ['opening a socket has no time limit', 'listeners.onLost(), openTimeoutMs', '{}, openTimeoutMs'],
    ['an error of a socket is not handled', 'socket.onerror = () => {};', ''],
    ['a close has no code', 'listeners.onLost(code, reason)', 'listeners.onLost()'],
  ]),
  ...of('live/connection', [
    [
      'a connection that was closed by its listener opens again',
      "retries.schedule(code === unauthorized, reason);\n    change('waiting');",
      "change('waiting');\n    retries.schedule(code === unauthorized, reason);",
    ],
    ['a manual retry opens a second socket', "if (state === 'waiting') open();", 'open();'],
    ['requests outlive their socket', 'answers.rejectAll();', ''],
    [
      'the pause of a refusal is ignored',
      'if (error instanceof Refusal) retries.waitAtLeast(error.retryAfterMs);',
      '',
    ],
  ]),
];

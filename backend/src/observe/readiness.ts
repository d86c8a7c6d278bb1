import { setTimeout as sleep } from 'node:timers/promises';
import { isUnreachable } from '@parley/core/database/database';
import * as members from '@parley/core/log/members';
import * as users from '@parley/core/people/users';
import type { Table } from '@parley/core/table/client';
import type { Pool } from 'pg';
import type { Overload } from '../http/overload.ts';
import type { RunnerStatus, StreamRunner } from './stream-runner.ts';
import type { TableWrites } from './table-writes.ts';

export type Readiness = ReturnType<typeof createReadiness>;

/** `read_only`: reads succeed and writes fail. */
type TablePart = { status: 'ok' | 'read_only' | 'unreachable' };
/** `failing`: Postgres answers, but reading a person fails. */
type PostgresPart = { status: 'ok' | 'failing' | 'unreachable' };
/** `unknown`: the sign-in is Cognito or another issuer, whose health this process does not check. */
type SignInPart = { status: 'ok' | 'unreachable' | 'unknown' };
/** `full`: the node refuses requests, or did within the last seconds, because it has no room. */
type RequestsPart = { status: 'ok' | 'full' };
/** The numbers are null if no runner reports them. */
export type StreamPart = {
  /** `drifting`: summaries of some conversation differ from its log. */
  status: 'ok' | 'behind' | 'drifting' | 'unreachable' | 'unknown';
  /** Age of the oldest record that is not handled. */
  lag_ms: number | null;
  /** Records that are not handled. A lower bound while a runner is far behind. */
  records_behind: number | null;
  /** Records given up since the runners started. */
  dead_letters: number | null;
  drifting_conversations: number | null;
};
export type Parts = { table: TablePart; postgres: PostgresPart; stream: StreamPart; sign_in: SignInPart };

const timeoutMs = 1_000;
/** Reading a person who does not exist is the cheapest proof that a store answers. */
const nobody = '00000000-0000-0000-0000-000000000000';
/** A report is cached for this long. */
const freshMs = 1_000;
/** Above this lag the stream counts as behind. */
const behindMs = 10_000;

export type ReadinessOptions = {
  table: Table;
  writes: TableWrites;
  pool: Pool;
  runner: StreamRunner;
  overload: Overload;
  /** Address of a local sign-in, or empty. */
  signIn: string;
};

/** Reports whether this process can serve and whether its stores answer. Checks the stores at most once a second. */
export function createReadiness({ table, writes, pool, runner, overload, signIn }: ReadinessOptions) {
  let phase: Phase = 'starting';
  let known: { parts: Promise<Parts>; atMs: number } | undefined;

  const tableReads = bounded(() => members.get(table, nobody, nobody));
  const tableTakesWrites = bounded(() => writes.prove());
  // The query of every request. A session that lost its search_path would still answer `select 1`.
  const postgresReads = bounded(() =>
    users.findBySubs(pool, [nobody]).then(
      (): PostgresPart => ({ status: 'ok' }),
      (error): PostgresPart => ({ status: isUnreachable(error) ? 'unreachable' : 'failing' }),
    ),
  );
  const runners = bounded(() => runner.statuses());
  const signInAnswers = bounded(async () => {
    // Without a timeout of its own the fetch could hang for minutes, and `bounded` starts no second one.
    const answer = await fetch(signIn, { signal: AbortSignal.timeout(timeoutMs) });
    await answer.body?.cancel();
  });

  async function signInPart(): Promise<SignInPart> {
    if (!signIn) return { status: 'unknown' };
    return { status: (await signInAnswers()) ? 'ok' : 'unreachable' };
  }

  async function check(): Promise<Parts> {
    const [read, written, postgres, stream, sign_in] = await Promise.all([
      tableReads(),
      // A draining node has removed its item and must not write it again.
      phase === 'draining' ? tableReads() : tableTakesWrites(),
      postgresReads(),
      runners(),
      signInPart(),
    ]);
    return {
      table: { status: read ? (written ? 'ok' : 'read_only') : 'unreachable' },
      postgres: postgres?.value ?? { status: 'unreachable' },
      stream: streamPart(stream),
      sign_in,
    };
  }

  return {
    serve() {
      phase = 'serving';
    },
    drain() {
      phase = 'draining';
    },
    isDraining: () => phase === 'draining',
    async report() {
      if (!known || performance.now() - known.atMs > freshMs) {
        known = { parts: check(), atMs: performance.now() };
      }
      const parts = await known.parts;
      const requests: RequestsPart = { status: overload.isFull() ? 'full' : 'ok' };
      return { status: statusOf(phase, parts, requests), ...parts, requests };
    },
  };
}

type Phase = 'starting' | 'serving' | 'draining';
type Status = 'ok' | 'degraded' | 'unavailable' | 'starting' | 'draining';

function statusOf(phase: Phase, { table, ...others }: Parts, requests: RequestsPart): Status {
  if (phase !== 'serving') return phase;
  // Without writes nobody can send. All nodes share the table.
  if (table.status !== 'ok') return 'unavailable';
  if (requests.status !== 'ok') return 'degraded';
  const isWhole = Object.values(others).every(({ status }) => status === 'ok' || status === 'unknown');
  return isWhole ? 'ok' : 'degraded';
}

type Answer<T> = { value: T } | undefined;

const unreported = { lag_ms: null, records_behind: null, dead_letters: null, drifting_conversations: null };

function streamPart(answer: Answer<RunnerStatus[] | undefined>): StreamPart {
  if (answer && answer.value === undefined) return { status: 'unknown', ...unreported };
  const runners = answer?.value ?? [];
  if (runners.length === 0) return { status: 'unreachable', ...unreported };
  const sum = (read: (status: RunnerStatus) => number) =>
    runners.reduce((total, status) => total + read(status), 0);
  const lagMs = Math.max(...runners.map(({ lag_ms }) => lag_ms));
  const drifting = sum(({ drift }) => drift.differing);
  return {
    status: drifting > 0 ? 'drifting' : lagMs > behindMs ? 'behind' : 'ok',
    lag_ms: lagMs,
    records_behind: sum(({ records_behind }) => records_behind),
    dead_letters: sum(({ dead_letters }) => dead_letters),
    drifting_conversations: drifting,
  };
}

/** Resolves to undefined on failure or timeout. While a call is pending, no second one is started. */
function bounded<T>(ask: () => Promise<T>): () => Promise<Answer<T>> {
  let pending: Promise<Answer<T>> | undefined;
  return () => {
    pending ??= ask()
      .then((value) => ({ value }))
      .catch(() => undefined)
      .finally(() => {
        pending = undefined;
      });
    return Promise.race([pending, sleep(timeoutMs, undefined, { ref: false })]);
  };
}

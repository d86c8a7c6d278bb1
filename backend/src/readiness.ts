import { setTimeout as sleep } from 'node:timers/promises';
import * as members from '@parley/core/members';
import type { Table } from '@parley/core/table/client';
import type { Pool } from 'pg';
import type { RunnerStatus, StreamRunner } from './stream-runner.ts';

export type Readiness = ReturnType<typeof createReadiness>;

type Part = { status: 'ok' | 'unreachable' };
/** The numbers are null where no runner tells them. */
export type StreamPart = {
  /** `drifting`: summaries of some conversation differ from its log. */
  status: 'ok' | 'behind' | 'drifting' | 'unreachable' | 'unknown';
  /** Age of the oldest record that is not handled. */
  lag_ms: number | null;
  /** Records that are not handled; at least so many, while a runner is far behind. */
  records_behind: number | null;
  /** Records given up since the runners started. */
  dead_letters: number | null;
  drifting_conversations: number | null;
};
export type Parts = { table: Part; postgres: Part; stream: StreamPart };

const timeoutMs = 1_000;
/** A read that finds nothing: the cheapest proof that the table answers. */
const nobody = '00000000-0000-0000-0000-000000000000';
/** An answer serves everybody who asks within this time. */
const freshMs = 1_000;
/** Summaries this far behind are worth a look. */
const behindMs = 10_000;

/** Whether this process can serve, and how its stores are. However often it is asked, they are asked once a second. */
export function createReadiness({ table, pool, runner }: { table: Table; pool: Pool; runner: StreamRunner }) {
  let phase: Phase = 'starting';
  let known: { parts: Promise<Parts>; atMs: number } | undefined;

  const tableAnswers = bounded(() => members.get(table, nobody, nobody));
  const postgresAnswers = bounded(() => pool.query('select 1'));
  const runners = bounded(() => runner.statuses());

  async function look(): Promise<Parts> {
    const [tableAnswer, postgresAnswer, streamAnswer] = await Promise.all([
      tableAnswers(),
      postgresAnswers(),
      runners(),
    ]);
    return { table: part(tableAnswer), postgres: part(postgresAnswer), stream: streamPart(streamAnswer) };
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
        known = { parts: look(), atMs: performance.now() };
      }
      const parts = await known.parts;
      return { status: statusOf(phase, parts), ...parts };
    },
  };
}

type Phase = 'starting' | 'serving' | 'draining';
type Status = 'ok' | 'degraded' | 'unavailable' | 'starting' | 'draining';

function statusOf(phase: Phase, { table, postgres, stream }: Parts): Status {
  if (phase !== 'serving') return phase;
  if (table.status !== 'ok') return 'unavailable';
  const isWhole = postgres.status === 'ok' && (stream.status === 'ok' || stream.status === 'unknown');
  return isWhole ? 'ok' : 'degraded';
}

type Answer<T> = { value: T } | undefined;

const part = (answer: Answer<unknown>): Part => ({ status: answer ? 'ok' : 'unreachable' });

const untold = { lag_ms: null, records_behind: null, dead_letters: null, drifting_conversations: null };

function streamPart(answer: Answer<RunnerStatus[] | undefined>): StreamPart {
  if (answer && answer.value === undefined) return { status: 'unknown', ...untold };
  const runners = answer?.value ?? [];
  if (runners.length === 0) return { status: 'unreachable', ...untold };
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

/** Undefined for a failure and for an answer that takes too long; what hangs is not asked a second time meanwhile. */
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

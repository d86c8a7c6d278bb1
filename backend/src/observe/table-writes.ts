import * as nodes from '@parley/core/live/nodes';
import type { Table } from '@parley/core/table/client';

/** A write that succeeded this long ago still says that the table takes writes. */
const provenForMs = 5_000;
/** Appends that were given up count against the table for this long, unless one succeeds. */
const givenUpForMs = 8_000;

export type TableWrites = ReturnType<typeof createTableWrites>;

/** Whether the table takes writes, judged by the appends that this node makes and, in a quiet time, by a probe. */
export function createTableWrites(table: Table, nodeId: string) {
  let provenAtMs = Number.NEGATIVE_INFINITY;
  let givenUpAtMs = Number.NEGATIVE_INFINITY;
  return {
    appended() {
      provenAtMs = performance.now();
      givenUpAtMs = Number.NEGATIVE_INFINITY;
    },
    givenUp() {
      provenAtMs = Number.NEGATIVE_INFINITY;
      givenUpAtMs = performance.now();
    },
    /** Rejects while the table takes none. */
    async prove() {
      const nowMs = performance.now();
      if (nowMs - provenAtMs < provenForMs) return;
      if (nowMs - givenUpAtMs < givenUpForMs) throw new Error('appends were given up');
      await nodes.probe(table, nodeId);
      provenAtMs = performance.now();
    },
  };
}

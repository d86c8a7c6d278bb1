import * as nodes from '@parley/core/live/nodes';
import type { Table } from '@parley/core/table/client';

/** A successful write proves for this long that the table accepts writes. */
const provenForMs = 5_000;
/** After an append was given up, the table counts as refusing writes for this long, unless one succeeds. */
const givenUpForMs = 8_000;

export type TableWrites = ReturnType<typeof createTableWrites>;

/** Knows whether the table accepts writes: from this node's appends, or from a probe if there were none lately. */
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
    /** Rejects while the table accepts no writes. */
    async prove() {
      const nowMs = performance.now();
      if (nowMs - provenAtMs < provenForMs) return;
      if (nowMs - givenUpAtMs < givenUpForMs) throw new Error('appends were given up');
      await nodes.probe(table, nodeId);
      provenAtMs = performance.now();
    },
  };
}

import type { Key } from '../table/keys.ts';

/** A fault in the table and its key. The numbers are those of the invariants in docs/data-model.md. */
export type Finding = { invariant: Invariant; key: string; detail: string };
export type Invariant = 1 | 2 | 3 | 4 | 5 | 7 | 8;

/** A key as `bin/check` prints it and `bin/ddb/partiql` reads it. */
export const keyText = ({ pk, sk }: Key) => `${pk} ${sk}`;

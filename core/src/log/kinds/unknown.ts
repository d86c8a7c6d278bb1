import { unknownKind } from '@parley/contract/entry-kinds';
import { beginning, type Kind, orderFaults } from './kind.ts';

/** An entry that a newer version wrote. It changes nothing here. If its author is erased, its text becomes empty. */
export const unknown: Kind<{ type: string }> = {
  ...unknownKind,
  preview: beginning,
  redact: () => '',
  fold: (_group, entry) => orderFaults(entry, false),
};

import { unknownKind } from '@parley/contract/entry-kinds';
import { beginning, type Kind, placeFaults } from './kind.ts';

/** An entry that a newer version wrote. It passes through; of an erased person's, no text is left. */
export const unknown: Kind<{ type: string }> = {
  ...unknownKind,
  preview: beginning,
  redact: () => '',
  fold: (_group, entry) => placeFaults(entry, false),
};

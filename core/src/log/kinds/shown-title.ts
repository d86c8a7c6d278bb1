import { isolate } from '@parley/contract/direction';
import { isWellFormedName } from '@parley/contract/names';

/**
 * A title for use in a sentence. Titles of earlier versions may hold marks that change the direction of other words.
 */
export const shownTitle = ({ title }: { title: string }) =>
  isWellFormedName(title) ? title : isolate(title);

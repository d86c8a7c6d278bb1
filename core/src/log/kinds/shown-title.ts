import { isolate } from '@parley/contract/direction';
import { isWellFormedName } from '@parley/contract/names';

/** A title inside a sentence. Titles of earlier versions may hold marks that turn the words beside them. */
export const shownTitle = ({ title }: { title: string }) =>
  isWellFormedName(title) ? title : isolate(title);

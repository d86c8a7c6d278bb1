import { entryKinds } from '@parley/contract/entry-kinds';
import { beginning, type Kind, orderFaults } from './kind.ts';
import { shownTitle } from './shown-title.ts';

export type TitleChanged = { type: 'title_changed'; title: string };

export const titleChanged: Kind<TitleChanged> = {
  ...entryKinds.title_changed,
  preview: beginning,
  redact: (entry) => `The group was renamed to “${shownTitle(entry)}”`,
  fold(group, entry) {
    group.title = entry.title;
    return orderFaults(entry, false);
  },
};

import type { Person } from '@parley/client/api/types';
import type { Chat } from '@parley/client/sync/chat';
import type { Conversation } from '@parley/client/sync/conversations';
import { Avatar } from './Avatar.tsx';
import { go, pathOf } from './router.ts';

type Heading = { title: string; at: string; subtitle: string; isGroup: boolean; isOnline: boolean };
type Props = { heading: Heading; onMembers: (() => void) | undefined; onSettings: (() => void) | undefined };

/** The bar above a conversation: the way back, whom it is with, and what can be opened from it. */
export function ConversationHeading({ heading, onMembers, onSettings }: Props) {
  return (
    <header className="bar">
      <button
        type="button"
        className="icon back"
        aria-label="Back to the inbox"
        onClick={() => go(pathOf.inbox())}
      >
        <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" fill="none" stroke="currentColor">
          <path d="M15 5l-7 7 7 7" strokeWidth="2.4" strokeLinecap="round" strokeLinejoin="round" />
        </svg>
      </button>
      <Avatar name={heading.title} isGroup={heading.isGroup} isOnline={heading.isOnline} />
      <div className="bar-text">
        <h2 data-place-title tabIndex={-1}>
          <bdi>{heading.title}</bdi>
        </h2>
        <p className="quiet">
          {heading.at && <bdi>{heading.at}</bdi>}
          {heading.subtitle}
        </p>
      </div>
      {onMembers && (
        <button type="button" className="quiet-button folding" aria-label="Members" onClick={onMembers}>
          <Faces />
          <span>Members</span>
        </button>
      )}
      {onSettings && (
        <button
          type="button"
          className="icon"
          aria-label="Mute or hide"
          title="Mute or hide"
          onClick={onSettings}
        >
          <Dots />
        </button>
      )}
    </header>
  );
}

/** What is known of whom it is with. */
export function headingOf(
  chat: Chat,
  conversation: Conversation | undefined,
  uuid: string | undefined,
  person: Person | undefined,
  handle: string | undefined,
): Heading {
  const row = uuid ? chat.inbox().get(uuid) : undefined;
  const group = conversation?.group;
  const kind = group?.kind ?? row?.kind ?? 'direct';
  const muted = uuid && chat.settings(uuid).muted ? ' · muted' : '';
  if (kind === 'group') {
    const members = group?.members ?? [];
    const here = members.filter(
      (member) => member.uuid !== chat.me.uuid && chat.isOnline(member.uuid),
    ).length;
    const size = members.length === 1 ? '1 member' : `${members.length} members`;
    const subtitle = group ? `${size}${here > 0 ? `, ${here} online` : ''}${muted}` : '';
    return {
      title: group?.title ?? row?.display_name ?? '',
      at: '',
      subtitle,
      isGroup: true,
      isOnline: false,
    };
  }
  const other = group?.members.find((member) => member.uuid !== chat.me.uuid) ?? person;
  const isOnline = other ? chat.isOnline(other.uuid) : false;
  const name = other?.display_name ?? row?.display_name ?? (handle ? `@${handle}` : '');
  const at = other?.handle ?? row?.handle ?? handle;
  return {
    title: name,
    at: at ? `@${at}` : '',
    subtitle: `${isOnline ? ' · online' : ''}${muted}`,
    isGroup: false,
    isOnline,
  };
}

const Faces = () => (
  <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" fill="none" stroke="currentColor">
    <circle cx="9" cy="8" r="3.5" strokeWidth="2" />
    <path
      d="M2.5 19.5c.7-3.6 3.2-5 6.5-5s5.8 1.4 6.5 5M15.5 4.8a3.5 3.5 0 0 1 0 6.4M18 15c2 .7 3.1 2.2 3.5 4.5"
      strokeWidth="2"
      strokeLinecap="round"
    />
  </svg>
);

const Dots = () => (
  <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" fill="currentColor">
    <circle cx="12" cy="5" r="2" />
    <circle cx="12" cy="12" r="2" />
    <circle cx="12" cy="19" r="2" />
  </svg>
);

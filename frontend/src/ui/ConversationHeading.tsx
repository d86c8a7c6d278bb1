import type { Person } from '@parley/client/api/types';
import type { Chat } from '@parley/client/sync/chat';
import type { Conversation } from '@parley/client/sync/conversations';
import { isolate } from '@parley/contract/direction';
import { ArrowLeft, Info } from 'lucide';
import { Avatar } from './components/Avatar.tsx';
import { toneOfGroup } from './components/avatar-tone.ts';
import { Badge } from './components/Badge.tsx';
import { IconButton } from './components/Button.tsx';
import { Icon } from './components/Icon.tsx';
import './ConversationHeading.css';
import { go, pathOf } from './router.ts';

export type Heading = {
  title: string;
  at: string;
  subtitle: string;
  isGroup: boolean;
  isOnline: boolean;
  tone: number | null;
  others: readonly Person[];
};
type Props = {
  heading: Heading;
  /** The number of other unread conversations, shown beside the back button. */
  unreadElsewhere: number;
  isAboutOpen: boolean;
  onAbout: (() => void) | undefined;
};

/** At most this many faces of a group are shown. */
const faces = 3;

/** The bar above a conversation: back button, title and details button. */
export function ConversationHeading({ heading, unreadElsewhere, isAboutOpen, onAbout }: Props) {
  const back = unreadElsewhere > 0 ? `Back to the inbox, ${unreadElsewhere} unread` : 'Back to the inbox';
  return (
    <header className="bar">
      <button type="button" className="tool back" aria-label={back} onClick={() => go(pathOf.inbox())}>
        <Icon of={ArrowLeft} />
        {unreadElsewhere > 0 && <Badge count={unreadElsewhere} />}
      </button>
      <Avatar
        name={heading.title}
        tone={heading.tone}
        size="head"
        isGroup={heading.isGroup}
        isOnline={heading.isOnline}
      />
      <div className="bar-text">
        <h2 data-place-title tabIndex={-1}>
          <bdi>{heading.title}</bdi>
        </h2>
        <p>
          {heading.at && <bdi>{heading.at}</bdi>}
          {heading.subtitle}
        </p>
      </div>
      {heading.others.length > 1 && (
        <span className="faces">
          {heading.others.slice(0, faces).map(({ uuid, display_name, tone }) => (
            <Avatar key={uuid} name={display_name} tone={tone} size="small" />
          ))}
        </span>
      )}
      {onAbout && (
        <IconButton
          label={`About ${isolate(heading.title)}`}
          title="Members, mute, hide"
          icon={Info}
          aria-expanded={isAboutOpen}
          onClick={onAbout}
        />
      )}
    </header>
  );
}

/** The heading of a conversation, from what is loaded of it. */
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
      tone: uuid ? toneOfGroup(uuid) : null,
      others: members.filter((member) => member.uuid !== chat.me.uuid),
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
    tone: other?.tone ?? row?.tone ?? null,
    others: [],
  };
}

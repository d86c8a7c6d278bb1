import { isolate } from '@parley/contract/direction';
import { useEffect, useMemo, useState } from 'react';
import type { Api } from '../api/client.ts';
import { explain } from '../api/errors.ts';
import type { ClientConfig, Entry, Group, Person } from '../api/types.ts';
import type { Chat, Conversation } from '../chat/chat.ts';
import { emptyHistory, lastSeq } from '../chat/history.ts';
import { toRows } from '../chat/rows.ts';
import { nameAmong, sharedNames } from '../people/shared-names.ts';
import { Avatar } from './Avatar.tsx';
import { Composer } from './Composer.tsx';
import { GroupDialog } from './GroupDialog.tsx';
import { MessageList } from './MessageList.tsx';
import { go, pathOf } from './router.ts';
import { SettingsDialog } from './SettingsDialog.tsx';

type Props = { chat: Chat; api: Api; config: ClientConfig; uuid?: string; handle?: string };

/** A conversation, or the blank page of one that its first message begins. */
export function ConversationView({ chat, api, config, uuid, handle }: Props) {
  const [isGroupOpen, setGroupOpen] = useState(false);
  const [isSettingsOpen, setSettingsOpen] = useState(false);
  const [sends, setSends] = useState(0);
  const { person, problem } = usePerson(chat, api, handle);
  const to = uuid ?? `@${handle}`;

  useEffect(() => {
    if (uuid) void chat.open(uuid);
  }, [chat, uuid]);
  useEffect(() => {
    if (!handle) return;
    return chat.onBegun(`@${handle}`, (begun) => go(pathOf.conversation(begun), { replace: true }));
  }, [chat, handle]);
  const existing = [...chat.inbox().values()].find(
    (row) => handle && row.kind === 'direct' && row.handle === handle,
  );
  useEffect(() => {
    if (existing) go(pathOf.conversation(existing.uuid), { replace: true });
  }, [existing]);

  const conversation = uuid ? chat.conversation(uuid) : undefined;
  const isGone = conversation?.status === 'missing' || problem !== undefined;
  const known = headingOf(chat, conversation, uuid, person, handle);
  // Of what one is no longer in, nothing is known any more.
  const heading = isGone
    ? { ...known, title: known.title || 'Not found', at: '', subtitle: '', isOnline: false }
    : known;
  const group = isGone ? undefined : conversation?.group;
  const pending = chat.pending(to);
  const history = conversation?.history ?? emptyHistory;
  const rows = toRows({ history, pending, me: chat.me.uuid, newAfter: conversation?.newAfter });
  const shared = useSharedNames(chat, history.entries, group);
  const typists = (uuid ? chat.typists(uuid) : []).map((person) => nameAmong(shared, person));
  const trouble = problem ?? (conversation?.status === 'ready' ? undefined : conversation?.reason);

  return (
    <section className="conversation" aria-label={`Conversation with ${isolate(heading.title)}`}>
      <header className="bar">
        <button
          type="button"
          className="icon back"
          aria-label="Back to the inbox"
          onClick={() => go(pathOf.inbox())}
        >
          <svg
            viewBox="0 0 24 24"
            width="22"
            height="22"
            aria-hidden="true"
            fill="none"
            stroke="currentColor"
          >
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
        {heading.isGroup && group && (
          <button
            type="button"
            className="quiet-button folding"
            aria-label="Members"
            onClick={() => setGroupOpen(true)}
          >
            <Faces />
            <span>Members</span>
          </button>
        )}
        {uuid && conversation?.status === 'ready' && (
          <button
            type="button"
            className="icon"
            aria-label="Mute or hide"
            title="Mute or hide"
            onClick={() => setSettingsOpen(true)}
          >
            <Dots />
          </button>
        )}
      </header>
      {trouble ? (
        <div className="nothing" role="alert">
          <p>{trouble}</p>
          {conversation?.status === 'failed' ? (
            <button type="button" className="primary" onClick={() => uuid && void chat.open(uuid)}>
              Try again
            </button>
          ) : (
            <button type="button" className="quiet-button" onClick={() => go(pathOf.inbox())}>
              Go to the inbox
            </button>
          )}
        </div>
      ) : uuid && conversation?.status !== 'ready' ? (
        <div className="nothing" aria-busy="true">
          <p className="quiet">Loading …</p>
        </div>
      ) : (
        <MessageList
          key={`list of ${to}`}
          chat={chat}
          uuid={uuid}
          conversation={conversation}
          rows={rows}
          isGroup={heading.isGroup}
          title={heading.title}
          sends={sends}
          shared={shared}
        />
      )}
      <p className="typing-line" aria-live="polite">
        {typists.length > 0 &&
          `${typists.slice(0, 3).join(', ')} ${typists.length === 1 ? 'is' : 'are'} typing …`}
      </p>
      {!isGone && (
        <Composer
          key={`message to ${to}`}
          chat={chat}
          to={to}
          maxChars={config.limits.message_max_chars}
          title={heading.title}
          onSend={(text) => {
            if (uuid && conversation) chat.clearNewLine(uuid);
            setSends((count) => count + 1);
            void chat.send(to, text);
          }}
        />
      )}
      {isGroupOpen && group && (
        <GroupDialog
          chat={chat}
          api={api}
          group={group}
          titleMaxChars={config.limits.title_max_chars}
          onClose={() => setGroupOpen(false)}
        />
      )}
      {isSettingsOpen && uuid && !isGone && (
        <SettingsDialog
          chat={chat}
          uuid={uuid}
          title={heading.title}
          onClose={() => setSettingsOpen(false)}
        />
      )}
      <Announcer conversation={conversation} me={chat.me.uuid} shared={shared} />
    </section>
  );
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

function headingOf(
  chat: Chat,
  conversation: Conversation | undefined,
  uuid: string | undefined,
  person: Person | undefined,
  handle: string | undefined,
) {
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

/** Who is behind `/messages/new/<handle>`. */
function usePerson(chat: Chat, api: Api, handle: string | undefined) {
  const [person, setPerson] = useState<Person>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    if (!handle) return;
    if (handle === chat.me.handle) return setProblem('You cannot write to yourself.');
    let isCurrent = true;
    api
      .person(handle)
      .then((found) => isCurrent && setPerson(found))
      .catch((error) => isCurrent && setProblem(explain(error)));
    return () => {
      isCurrent = false;
    };
  }, [api, chat, handle]);
  return { person, problem };
}

/** Says new messages of others to screen readers, which a virtual list cannot: its rows come and go. */
function Announcer({
  conversation,
  me,
  shared,
}: {
  conversation: Conversation | undefined;
  me: string;
  shared: ReadonlySet<string>;
}) {
  const newest = conversation?.history.entries.at(-1);
  const [from, setFrom] = useState<number>();
  const isReady = conversation?.status === 'ready';
  const last = conversation ? lastSeq(conversation.history) : 0;
  useEffect(() => {
    if (isReady) setFrom((known) => known ?? last);
  }, [isReady, last]);
  const isNew = newest && from !== undefined && newest.seq > from && newest.user_uuid !== me;
  return (
    <p className="unseen" aria-live="polite">
      {isNew && announcementOf(newest, shared)}
    </p>
  );
}

/** A notice of a change names who made it by itself. */
const announcementOf = (entry: Entry, shared: ReadonlySet<string>) =>
  entry.type === 'message'
    ? `${nameAmong(shared, authorOf(entry))}: ${isolate(entry.message)}`
    : entry.message;

const authorOf = ({ user_uuid, handle, display_name }: Entry) => ({ uuid: user_uuid, handle, display_name });

/** Those of its members, and of who has written, whose names others here have too. */
function useSharedNames(chat: Chat, entries: readonly Entry[], group: Group | undefined) {
  const { me } = chat;
  return useMemo(
    () => sharedNames([me, ...(group?.members ?? []), ...entries.map(authorOf)]),
    [me, group, entries],
  );
}

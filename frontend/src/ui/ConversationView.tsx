import { explain } from '@parley/client/api/errors';
import type { Api } from '@parley/client/api/requests';
import type { ClientConfig, Entry, Group, Person } from '@parley/client/api/types';
import type { Chat } from '@parley/client/sync/chat';
import { emptyHistory } from '@parley/client/sync/history';
import { isolate } from '@parley/contract/direction';
import { useEffect, useMemo, useState } from 'react';
import { nameAmong, sharedNames } from '../people/shared-names.ts';
import { Announcer, authorOf } from './Announcer.tsx';
import { Composer } from './Composer.tsx';
import { ConversationHeading, headingOf } from './ConversationHeading.tsx';
import { GroupDialog } from './GroupDialog.tsx';
import { MessageList } from './MessageList.tsx';
import { go, pathOf } from './router.ts';
import { toRows } from './rows.ts';
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
    if (!existing) return;
    chat.drafts.move(`@${existing.handle}`, existing.uuid);
    go(pathOf.conversation(existing.uuid), { replace: true });
  }, [chat, existing]);

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
      <ConversationHeading
        heading={heading}
        onMembers={heading.isGroup && group ? () => setGroupOpen(true) : undefined}
        onSettings={uuid && conversation?.status === 'ready' ? () => setSettingsOpen(true) : undefined}
      />
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

/** Those of its members, and of who has written, whose names others here have too. */
function useSharedNames(chat: Chat, entries: readonly Entry[], group: Group | undefined) {
  const { me } = chat;
  return useMemo(
    () => sharedNames([me, ...(group?.members ?? []), ...entries.map(authorOf)]),
    [me, group, entries],
  );
}

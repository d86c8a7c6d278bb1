import { explain } from '@parley/client/api/errors';
import type { Api } from '@parley/client/api/requests';
import type { ClientConfig, Entry, Group, Person } from '@parley/client/api/types';
import type { Chat } from '@parley/client/sync/chat';
import { emptyHistory } from '@parley/client/sync/history';
import { dropRow, unreadConversations } from '@parley/client/sync/inbox';
import { isolate } from '@parley/contract/direction';
import { useEffect, useMemo, useState } from 'react';
import { nameAmong, sharedNames } from '../people/shared-names.ts';
import { Announcer, authorOf } from './Announcer.tsx';
import { Composer } from './Composer.tsx';
import { ConversationHeading, headingOf } from './ConversationHeading.tsx';
import { Button } from './components/Button.tsx';
import { EmptyView } from './components/EmptyView.tsx';
import './components/Sheet.css';
import { Skeleton } from './components/Skeleton.tsx';
import './ConversationView.css';
import { DetailsSheet } from './DetailsSheet.tsx';
import { MessageList } from './MessageList.tsx';
import { go, pathOf } from './router.ts';
import { toRows } from './rows.ts';
import { useSwipeBack } from './use-swipe-back.ts';

type Props = { chat: Chat; api: Api; config: ClientConfig; uuid?: string; handle?: string };

/** A conversation, or the empty page of one that the first message will create. */
export function ConversationView({ chat, api, config, uuid, handle }: Props) {
  const [isAboutOpen, setAboutOpen] = useState(false);
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
  // Nothing is known about a conversation after leaving it.
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

  const canOpenAbout = uuid !== undefined && !isGone && conversation?.status === 'ready';
  const unreadElsewhere = unreadConversations(dropRow(chat.inbox(), uuid ?? ''));
  const swipe = useSwipeBack();

  return (
    <>
      <section
        ref={swipe}
        className="conversation sheet"
        aria-label={`Conversation with ${isolate(heading.title)}`}
      >
        <ConversationHeading
          heading={heading}
          unreadElsewhere={unreadElsewhere}
          isAboutOpen={isAboutOpen}
          onAbout={canOpenAbout ? () => setAboutOpen((isOpen) => !isOpen) : undefined}
        />
        {trouble ? (
          <EmptyView isAlert>
            <p>{trouble}</p>
            {conversation?.status === 'failed' ? (
              <Button kind="primary" onClick={() => uuid && void chat.open(uuid)}>
                Try again
              </Button>
            ) : (
              <Button onClick={() => go(pathOf.inbox())}>Go to the inbox</Button>
            )}
          </EmptyView>
        ) : uuid && conversation?.status !== 'ready' ? (
          <Skeleton of="messages" label="Loading …" />
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
        <TypingLine names={typists} />
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
        <Announcer conversation={conversation} me={chat.me.uuid} shared={shared} />
      </section>
      {isAboutOpen && canOpenAbout && (
        <DetailsSheet
          chat={chat}
          api={api}
          uuid={uuid}
          heading={heading}
          group={heading.isGroup ? group : undefined}
          titleMaxChars={config.limits.title_max_chars}
          onClose={() => setAboutOpen(false)}
        />
      )}
    </>
  );
}

/** Always takes its space, so nothing moves when a person types. */
const TypingLine = ({ names }: { names: string[] }) => (
  <p className="typing-line" aria-live="polite">
    {names.length > 0 && (
      <>
        <span className="dots" aria-hidden="true">
          <i />
          <i />
          <i />
        </span>
        {`${names.slice(0, 3).join(', ')} ${names.length === 1 ? 'is' : 'are'} typing …`}
      </>
    )}
  </p>
);

/** The person of `/messages/new/<handle>`. */
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

/** The members and authors whose name another one of them has too. */
function useSharedNames(chat: Chat, entries: readonly Entry[], group: Group | undefined) {
  const { me } = chat;
  return useMemo(
    () => sharedNames([me, ...(group?.members ?? []), ...entries.map(authorOf)]),
    [me, group, entries],
  );
}

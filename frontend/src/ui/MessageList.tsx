import type { Chat } from '@parley/client/sync/chat';
import type { Conversation } from '@parley/client/sync/conversations';
import { isAtEnd, isAtStart, lastSeq } from '@parley/client/sync/history';
import { isolate } from '@parley/contract/direction';
import { flagsOf } from '@parley/contract/entry-kinds';
import { ArrowDown } from 'lucide';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { VList, type VListHandle } from 'virtua';
import { nameAmong } from '../people/shared-names.ts';
import { Badge } from './components/Badge.tsx';
import { EmptyView } from './components/EmptyView.tsx';
import { Icon } from './components/Icon.tsx';
import './MessageList.css';
import { MessageRow } from './MessageRow.tsx';
import type { Row } from './rows.ts';

type Props = {
  chat: Chat;
  uuid: string | undefined;
  conversation: Conversation | undefined;
  rows: Row[];
  isGroup: boolean;
  title: string;
  /** How many messages were sent from here. Each one scrolls to the end. */
  sends: number;
  /** The people whose name another person in the conversation has too. */
  shared: ReadonlySet<string>;
};

/** Closer than this to an edge of the window, the next page is read. */
const nearPx = 800;
/** This close to the bottom, the list follows what arrives. */
const bottomPx = 60;

export function MessageList(props: Props) {
  const { chat, uuid, conversation, rows: wanted, isGroup, title, sends, shared } = props;
  const list = useRef<VListHandle>(null);
  const frame = useRef<HTMLDivElement>(null);
  const looked = useRef<Box>(undefined);
  const isFollowing = useRef(true);
  const [isAway, setAway] = useState(false);
  const edges = useRef({ first: '', last: '', end: false, sends });
  const history = conversation?.history;
  const atEnd = history ? isAtEnd(history) : true;

  const rows = oneEdge(wanted, edges.current);
  const [, setStep] = useState(0);
  useLayoutEffect(() => {
    if (rows !== wanted) setStep((step) => step + 1);
  });

  const first = rows[0]?.key ?? '';
  const last = rows.at(-1)?.key ?? '';
  const firstSeqNow = rows[0]?.entry?.seq ?? 0;
  // Rows that are added or removed above must not move the visible ones.
  const firstSeqBefore = Number(edges.current.first);
  const lastBefore = edges.current.last;
  const shift = firstSeqNow !== firstSeqBefore && rows.some(({ key }) => key === lastBefore);

  useLayoutEffect(() => {
    const before = edges.current;
    edges.current = { first, last, end: atEnd, sends };
    const handle = list.current;
    if (!handle || rows.length === 0) return;
    if (before.last === '') {
      const newIndex = rows.findIndex(({ isFirstNew }) => isFirstNew);
      if (newIndex > 0) {
        isFollowing.current = false;
        handle.scrollToIndex(newIndex, { align: 'start', offset: -80 });
      } else handle.scrollToIndex(rows.length - 1, { align: 'end' });
      return;
    }
    // The rows do not show this: the entry may arrive before the pending message was drawn.
    const hasSent = sends !== before.sends;
    const wasReplaced = !rows.some(({ key }) => key === before.last) && !before.last.includes('-');
    if (hasSent || wasReplaced) isFollowing.current = true;
    if ((last !== before.last || hasSent) && isFollowing.current && atEnd) {
      handle.scrollToIndex(rows.length - 1, { align: 'end' });
    }
  });

  function look() {
    const scroller = frame.current?.querySelector('.scroller');
    if (!scroller || rows.length === 0) return;
    const box = boxOf(scroller);
    isFollowing.current = follows(isFollowing.current, looked.current, box);
    looked.current = box;
    setAway(!isFollowing.current || !atEnd);
    if (uuid && box.top < nearPx) void chat.loadOlder(uuid);
    if (uuid && belowOf(box) < nearPx) void chat.loadNewer(uuid);
    markSeen();
  }

  /** A smaller view or a taller last message must not hide what was visible. */
  function follow() {
    if (isFollowing.current && atEnd && rows.length > 0) {
      list.current?.scrollToIndex(rows.length - 1, { align: 'end' });
    } else look();
  }

  function markSeen() {
    const handle = list.current;
    if (!uuid || !handle || document.visibilityState !== 'visible' || !document.hasFocus()) return;
    const index = handle.findItemIndex(handle.scrollOffset + handle.viewportSize - 12);
    const seen = rows.slice(0, index + 1).findLast(({ entry }) => entry)?.entry;
    if (seen) chat.markSeen(uuid, seen.seq);
  }

  const lookNow = useRef(look);
  lookNow.current = look;
  // The loaded rows may not fill the view, so check again once they are measured.
  useEffect(() => {
    if (first === '' && last === '') return;
    const timer = setTimeout(() => lookNow.current(), 60);
    return () => clearTimeout(timer);
  }, [first, last]);

  useEffect(() => {
    const onFocus = () => lookNow.current();
    // Messages that arrive while the page is hidden appear below the "new messages" line.
    const onBlur = () => {
      const known = uuid ? chat.conversation(uuid) : undefined;
      if (uuid && known && isAtEnd(known.history)) {
        chat.clearNewLine(uuid);
        chat.markNewFrom(uuid, lastSeq(known.history));
      }
    };
    window.addEventListener('focus', onFocus);
    window.addEventListener('blur', onBlur);
    document.addEventListener('visibilitychange', onFocus);
    return () => {
      window.removeEventListener('focus', onFocus);
      window.removeEventListener('blur', onBlur);
      document.removeEventListener('visibilitychange', onFocus);
    };
  }, [chat, uuid]);

  async function jump() {
    if (uuid) await chat.jumpToNewest(uuid).catch(() => {});
    isFollowing.current = true;
    requestAnimationFrame(() => list.current?.scrollToIndex(Number.MAX_SAFE_INTEGER, { align: 'end' }));
  }

  const receipt = useMemo(
    () => receiptOf(conversation, rows, chat.me.uuid, shared),
    [conversation, rows, chat.me.uuid, shared],
  );
  const unseen = history
    ? Math.max(
        0,
        history.newest -
          (chat.inbox().get(history.entries[0]?.message_group_uuid ?? '')?.read_seq ?? history.newest),
      )
    : 0;

  return (
    <div className="messages" ref={frame}>
      {rows.length === 0 && (
        <EmptyView hasPicture>
          <p>Nothing here yet. Write the first message.</p>
        </EmptyView>
      )}
      <VList
        ref={list}
        shift={shift}
        className="scroller"
        onScroll={look}
        onResize={follow}
        role="feed"
        aria-label={`Messages with ${isolate(title)}`}
        aria-busy={conversation?.isLoadingOlder || conversation?.isLoadingNewer || false}
        tabIndex={0}
        data={rows}
      >
        {(row, index) => (
          <MessageRow
            key={row.key}
            row={row}
            isGroup={isGroup}
            showsHandle={row.entry !== undefined && shared.has(row.entry.user_uuid)}
            isStart={index === 0 && history !== undefined && isAtStart(history)}
            receipt={receipt?.key === row.key ? receipt : undefined}
            total={history?.newest ?? rows.length}
            isOffline={chat.live().state !== 'online'}
            onRetry={chat.retry}
            onDiscard={chat.discard}
          />
        )}
      </VList>
      {isAway && (
        <button type="button" className="jump-down" onClick={() => void jump()}>
          <Icon of={ArrowDown} small />
          Newest
          {unseen > 0 && <Badge count={unseen} />}
        </button>
      )}
    </div>
  );
}

type Box = { top: number; height: number; viewHeight: number };

/** Read from the browser, because the list learns of a resized view, and of the offset it changed, later. */
const boxOf = ({ scrollTop, scrollHeight, clientHeight }: Element): Box => ({
  top: scrollTop,
  height: scrollHeight,
  viewHeight: clientHeight,
});

const belowOf = ({ top, height, viewHeight }: Box) => height - top - viewHeight;

/** Only a person who scrolls up stops following. Rows that grow and a view that shrinks move the end away too. */
function follows(wasFollowing: boolean, before: Box | undefined, now: Box) {
  if (belowOf(now) < bottomPx) return true;
  const isSameLayout = before?.height === now.height && before.viewHeight === now.viewHeight;
  return wasFollowing && !(isSameLayout && now.top < before.top);
}

/** If rows were added at both ends, those below wait for the next render, because the list can anchor only one end. */
function oneEdge(rows: Row[], shown: { first: string; last: string }) {
  const grewBelow = rows.findIndex(({ key }) => key === shown.last) + 1;
  const isBoth = rows[0]?.key !== shown.first && grewBelow > 0 && grewBelow < rows.length;
  return isBoth ? rows.slice(0, grewBelow) : rows;
}

/** At most this many readers are named. The tooltip names the rest. */
const namedReaders = 3;

/** Shown below the newest own message that another person has read. */
function receiptOf(
  conversation: Conversation | undefined,
  rows: Row[],
  me: string,
  shared: ReadonlySet<string>,
) {
  const others = conversation?.group?.members.filter(({ uuid }) => uuid !== me) ?? [];
  const lastOwn = rows.findLast(({ entry, isOwn }) => isOwn && entry && flagsOf(entry).countsAsMessage);
  const seq = lastOwn?.entry?.seq;
  if (!lastOwn || !seq) return undefined;
  const readers = others.filter(({ read_seq }) => (read_seq ?? 0) >= seq);
  if (conversation?.group?.kind === 'direct') {
    const isSeen = readers.length > 0;
    return { key: lastOwn.key, text: isSeen ? 'Seen' : 'Sent', isSeen };
  }
  if (readers.length === 0) return { key: lastOwn.key, text: 'Sent', isSeen: false };
  const names = readers.map((reader) => nameAmong(shared, reader));
  const text =
    readers.length <= namedReaders
      ? `Seen by ${names.join(', ')}`
      : readers.length === others.length
        ? 'Seen by everyone'
        : `Seen by ${readers.length}`;
  return { key: lastOwn.key, text, isSeen: true, title: names.join(', ') };
}

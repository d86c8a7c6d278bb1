import { type MouseEvent, useEffect, useState } from 'react';
import type { InboxRow } from '../api/types.ts';
import type { Chat } from '../chat/chat.ts';
import { agoName, fullName } from '../text/time.ts';
import { Avatar } from './Avatar.tsx';
import { go, pathOf } from './router.ts';

type Props = { chat: Chat; rows: InboxRow[]; current: string | undefined; onNew(): void };

export function InboxList({ chat, rows, current, onNew }: Props) {
  useMinutes();
  const status = chat.inboxStatus();
  if (rows.length === 0) {
    if (status === 'loading') return <p className="quiet padded">Loading conversations …</p>;
    if (status === 'failed') {
      return (
        <p className="padded">
          Your conversations could not be loaded.{' '}
          <button type="button" className="text" onClick={() => void chat.readInbox()}>
            Try again
          </button>
        </p>
      );
    }
    return (
      <div className="padded">
        <p className="quiet">No conversations yet.</p>
        <button type="button" className="primary" onClick={onNew}>
          Begin one
        </button>
      </div>
    );
  }
  return (
    <nav aria-label="Conversations" className="rows">
      <ul>
        {rows.map((row) => (
          <li key={row.uuid}>
            <Row chat={chat} row={row} isCurrent={row.uuid === current} />
          </li>
        ))}
      </ul>
      {chat.hasMoreInbox() && (
        <button type="button" className="text more" onClick={() => void chat.moreInbox()}>
          Show older conversations
        </button>
      )}
    </nav>
  );
}

function Row({ chat, row, isCurrent }: { chat: Chat; row: InboxRow; isCurrent: boolean }) {
  const other = row.handle ? chat.personByHandle(row.handle) : undefined;
  const typists = chat.typists(row.uuid);
  const draft = isCurrent ? '' : chat.drafts.of(row.uuid);
  function open(event: MouseEvent) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    go(pathOf.conversation(row.uuid));
  }
  return (
    <a
      href={pathOf.conversation(row.uuid)}
      onClick={open}
      className={row.unread_count > 0 ? 'row unread' : 'row'}
      aria-current={isCurrent ? 'page' : undefined}
    >
      <Avatar
        name={row.display_name}
        isGroup={row.kind === 'group'}
        isOnline={other ? chat.isOnline(other.uuid) : false}
      />
      <span className="row-text">
        <span className="row-head">
          <span className="row-name">{row.display_name}</span>
          <time dateTime={row.created_at} title={fullName(row.created_at)}>
            {agoName(row.created_at)}
          </time>
        </span>
        <span className="row-foot">
          <span className="preview">
            {typists.length > 0 ? (
              <em className="typing">typing …</em>
            ) : draft ? (
              <>
                <em className="draft">Draft:</em> {draft}
              </>
            ) : (
              row.message
            )}
          </span>
          {row.unread_count > 0 && (
            <span className="badge">
              {row.unread_count > 99 ? '99+' : row.unread_count}
              <span className="unseen"> unread</span>
            </span>
          )}
        </span>
      </span>
    </a>
  );
}

/** Relative times grow old while nothing happens. */
function useMinutes() {
  const [, setMinute] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setMinute((minute) => minute + 1), 60_000);
    return () => clearInterval(timer);
  }, []);
}

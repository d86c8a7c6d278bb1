import type { InboxRow } from '@parley/client/api/types';
import type { Chat } from '@parley/client/sync/chat';
import { type MouseEvent, useEffect, useState } from 'react';
import { sharedNames } from '../people/shared-names.ts';
import { agoName, fullName } from '../text/time.ts';
import { Avatar } from './Avatar.tsx';
import { go, pathOf } from './router.ts';

type Props = {
  chat: Chat;
  /** What was asked for at sign-up. */
  wantedHandle: string | undefined;
  rows: InboxRow[];
  current: string | undefined;
  /** Those that were put away are shown. */
  isHidden: boolean;
  onHidden(isHidden: boolean): void;
  onNew(): void;
};

export function InboxList({ chat, wantedHandle, rows, current, isHidden, onHidden, onNew }: Props) {
  useMinutes();
  const shared = sharedNames(rows.flatMap(personOf));
  const status = chat.inboxStatus();
  if (rows.length === 0 && !isHidden && !chat.hasHidden()) {
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
        <YourHandle handle={chat.me.handle} wanted={wantedHandle} />
        <p className="quiet">No conversations yet.</p>
        <button type="button" className="primary" onClick={onNew}>
          Begin one
        </button>
      </div>
    );
  }
  return (
    <nav aria-label={isHidden ? 'Hidden conversations' : 'Conversations'} className="rows">
      {isHidden && (
        <div className="rows-head">
          <h2>Hidden conversations</h2>
          <button type="button" className="text" onClick={() => onHidden(false)}>
            Back to the inbox
          </button>
        </div>
      )}
      {rows.length === 0 && (
        <p className="quiet padded">{isHidden ? 'Nothing is hidden.' : 'No conversations here.'}</p>
      )}
      <ul>
        {rows.map((row) => (
          <li key={row.uuid}>
            <Row
              chat={chat}
              row={row}
              isCurrent={row.uuid === current}
              showsHandle={row.user_uuid !== null && shared.has(row.user_uuid)}
            />
          </li>
        ))}
      </ul>
      {!isHidden && chat.hasMoreInbox() && (
        <button type="button" className="text more" onClick={() => void chat.moreInbox()}>
          Show older conversations
        </button>
      )}
      {!isHidden && (
        <button type="button" className="text more subtle" onClick={() => onHidden(true)}>
          Hidden conversations
        </button>
      )}
    </nav>
  );
}

/** Whom a direct conversation is with. */
const personOf = ({ user_uuid, handle, display_name }: InboxRow) =>
  user_uuid && handle ? [{ uuid: user_uuid, handle, display_name }] : [];

/** For those who are new: what to tell others. */
function YourHandle({ handle, wanted }: { handle: string; wanted: string | undefined }) {
  const isAnother = wanted !== undefined && wanted.toLowerCase() !== handle.toLowerCase();
  return (
    <div role="status">
      {isAnother && (
        <p className="another-handle">
          You asked for the handle <bdi>@{wanted}</bdi>, and somebody else has it.
        </p>
      )}
      <p>
        Your handle is{' '}
        <strong>
          <bdi>@{handle}</bdi>
        </strong>
        . Others find you by it, or by your name.
      </p>
    </div>
  );
}

type RowProps = { chat: Chat; row: InboxRow; isCurrent: boolean; showsHandle: boolean };

function Row({ chat, row, isCurrent, showsHandle }: RowProps) {
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
      className={`row${row.unread_count > 0 ? ' unread' : ''}${row.muted ? ' muted' : ''}`}
      aria-current={isCurrent ? 'page' : undefined}
    >
      <Avatar
        name={row.display_name}
        isGroup={row.kind === 'group'}
        isOnline={row.user_uuid !== null && chat.isOnline(row.user_uuid)}
      />
      <span className="row-text">
        <span className="row-head">
          <span className="row-name">
            <bdi>{row.display_name}</bdi>
            {showsHandle && <bdi className="handle"> @{row.handle}</bdi>}
          </span>
          {row.muted && <Muted />}
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
                <em className="draft">Draft:</em> <bdi>{draft}</bdi>
              </>
            ) : (
              <bdi>{row.message}</bdi>
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

const Muted = () => (
  <svg viewBox="0 0 24 24" width="15" height="15" className="muted-mark" fill="none" stroke="currentColor">
    <title>Muted</title>
    <path
      d="M6 17h12l-1.5-2V10a4.500 4.5 0 0 0-9 0v5zM10.500 20h3M4 4l16 16"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
    />
  </svg>
);

/** Relative times grow old while nothing happens. */
function useMinutes() {
  const [, setMinute] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setMinute((minute) => minute + 1), 60_000);
    return () => clearInterval(timer);
  }, []);
}

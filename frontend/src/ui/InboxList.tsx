import type { InboxRow } from '@parley/client/api/types';
import type { Chat } from '@parley/client/sync/chat';
import { BellOff } from 'lucide';
import { type MouseEvent, useEffect, useState } from 'react';
import { nameAmong, sharedNames } from '../people/shared-names.ts';
import { agoName, fullName } from '../text/time.ts';
import { Avatar } from './components/Avatar.tsx';
import { toneOfGroup } from './components/avatar-tone.ts';
import { Badge } from './components/Badge.tsx';
import { Button } from './components/Button.tsx';
import { EmptyView } from './components/EmptyView.tsx';
import { Icon } from './components/Icon.tsx';
import { Skeleton } from './components/Skeleton.tsx';
import { PlainText } from './PlainText.tsx';
import './InboxList.css';
import { type Filter, filters } from './inbox-filter.ts';
import { go, pathOf } from './router.ts';
import { speakerOf } from './speaker.ts';

type Props = {
  chat: Chat;
  /** The handle that was asked for at sign-up. */
  wantedHandle: string | undefined;
  rows: InboxRow[];
  current: string | undefined;
  filter: Filter;
  onFilter(filter: Filter): void;
  /** Whether the hidden conversations are shown. */
  isHidden: boolean;
  onHidden(isHidden: boolean): void;
  onNew(): void;
};

export function InboxList(props: Props) {
  const { chat, wantedHandle, rows, current, filter, onFilter, isHidden, onHidden, onNew } = props;
  useMinutes();
  const shared = sharedNames(rows.flatMap(personOf));
  if (chat.inbox().size === 0 && !isHidden && !chat.hasHidden())
    return <NoRows chat={chat} wantedHandle={wantedHandle} onNew={onNew} />;
  return (
    <>
      {isHidden ? (
        <div className="rows-head">
          <h2>Hidden conversations</h2>
          <Button kind="link" onClick={() => onHidden(false)}>
            Back to the inbox
          </Button>
        </div>
      ) : (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields
        <div className="filters" role="group" aria-label="Show">
          {filters.map(({ value, text }) => (
            <button key={value} type="button" aria-pressed={value === filter} onClick={() => onFilter(value)}>
              {text}
            </button>
          ))}
        </div>
      )}
      <nav aria-label={isHidden ? 'Hidden conversations' : 'Conversations'} className="rows">
        {rows.length === 0 && (
          <p className="no-rows">{isHidden ? 'Nothing is hidden.' : nothingOf(filter)}</p>
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
          <Button kind="link" className="more" onClick={() => void chat.moreInbox()}>
            Show older conversations
          </Button>
        )}
        {!isHidden && (
          <button type="button" className="more subtle" onClick={() => onHidden(true)}>
            Hidden conversations
          </button>
        )}
      </nav>
    </>
  );
}

const nothingOf = (filter: Filter) =>
  ({ all: 'No conversations here.', unread: 'You have read everything.', groups: 'No groups here.' })[filter];

function NoRows({ chat, wantedHandle, onNew }: Pick<Props, 'chat' | 'wantedHandle' | 'onNew'>) {
  const status = chat.inboxStatus();
  if (status === 'loading') return <Skeleton of="rows" label="Loading conversations …" />;
  if (status === 'failed')
    return (
      <EmptyView>
        <p>Your conversations could not be loaded.</p>
        <Button onClick={() => void chat.readInbox()}>Try again</Button>
      </EmptyView>
    );
  return (
    <EmptyView hasPicture title="Say hello to someone">
      <p>No conversations yet.</p>
      <YourHandle handle={chat.me.handle} wanted={wantedHandle} />
      <Button kind="primary" onClick={onNew}>
        Find people
      </Button>
    </EmptyView>
  );
}

/** The other person of a direct conversation. */
const personOf = ({ user_uuid, handle, display_name }: InboxRow) =>
  user_uuid && handle ? [{ uuid: user_uuid, handle, display_name }] : [];

/** Shown to new people: the handle by which others find them. */
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
  const isGroup = row.kind === 'group';
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
        tone={isGroup ? toneOfGroup(row.uuid) : row.tone}
        isGroup={isGroup}
        isOnline={row.user_uuid !== null && chat.isOnline(row.user_uuid)}
      />
      <span className="row-text">
        <span className="row-head">
          <span className="row-name">
            <bdi>{row.display_name}</bdi>
            {showsHandle && <bdi className="handle"> @{row.handle}</bdi>}
          </span>
          <time dateTime={row.created_at} title={fullName(row.created_at)}>
            {agoName(row.created_at)}
          </time>
        </span>
        <span className="row-foot">
          <span className="preview">
            <Preview chat={chat} row={row} isCurrent={isCurrent} />
          </span>
          {row.muted && (
            <span className="muted-mark">
              <Icon of={BellOff} small />
              <span className="unseen">Muted</span>
            </span>
          )}
          {row.unread_count > 0 && <Badge count={row.unread_count} isMuted={row.muted} />}
        </span>
      </span>
    </a>
  );
}

/** The people who are typing, else the draft, else the newest message. */
function Preview({ chat, row, isCurrent }: Pick<RowProps, 'chat' | 'row' | 'isCurrent'>) {
  const typists = chat.typists(row.uuid);
  const draft = isCurrent ? '' : chat.drafts.of(row.uuid);
  if (typists.length > 0) {
    const names = typists.slice(0, 2).map((person) => nameAmong(nobody, person));
    const who = row.kind === 'group' ? `${names.join(', ')} ${typists.length === 1 ? 'is ' : 'are '}` : '';
    return <em className="typing">{who}typing …</em>;
  }
  if (draft)
    return (
      <>
        <em className="draft">Draft:</em> <bdi className="said">{draft}</bdi>
      </>
    );
  if (row.message === '') return <em>Message deleted</em>;
  const speaker = speakerOf(row, chat.me.uuid);
  return (
    <>
      {speaker && (
        <>
          <b>
            <bdi>{speaker}</bdi>:
          </b>{' '}
        </>
      )}
      {/* Each message has its own element, so a speaker of another width counts as no layout shift. */}
      <bdi key={row.last_seq} className="said">
        <PlainText text={row.message} />
      </bdi>
    </>
  );
}

const nobody: ReadonlySet<string> = new Set();

/** Renders again as time passes, because times become dates. */
function useMinutes() {
  const [, setMinute] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setMinute((minute) => minute + 1), 60_000);
    return () => clearInterval(timer);
  }, []);
}

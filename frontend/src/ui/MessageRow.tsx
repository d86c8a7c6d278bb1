import { isolate } from '@parley/contract/direction';
import { Ban, Check, CheckCheck, CircleAlert, Clock, CloudOff } from 'lucide';
import { memo, useState } from 'react';
import { clockName, dayName, fullName } from '../text/time.ts';
import { Avatar } from './components/Avatar.tsx';
import { Bubble } from './components/Bubble.tsx';
import { Icon } from './components/Icon.tsx';
import './MessageRow.css';
import { MessageText } from './MessageText.tsx';
import type { Row } from './rows.ts';
import { isNotice, timeOf } from './rows.ts';

type Props = {
  row: Row;
  isGroup: boolean;
  /** Another person in the conversation has the same name. */
  showsHandle: boolean;
  isStart: boolean;
  receipt: Receipt | undefined;
  total: number;
  isOffline: boolean;
  onRetry(key: string): void;
  onDiscard(key: string): void;
};

/** The state of the newest own message. */
export type Receipt = { text: string; isSeen: boolean; title?: string };

export const MessageRow = memo(function MessageRow(props: Props) {
  const { row, isStart } = props;
  return (
    <div className="line">
      {isStart && <p className="notice">This is the beginning of the conversation.</p>}
      {row.day && <p className="day">{dayName(timeOf(row))}</p>}
      {row.isFirstNew && <p className="new-line">New messages</p>}
      {row.entry && isNotice(row) ? (
        <p className="notice">
          <bdi>{row.entry.message}</bdi>{' '}
          <time dateTime={row.entry.created_at}>{clockName(row.entry.created_at)}</time>
        </p>
      ) : (
        <Message {...props} />
      )}
    </div>
  );
}, isSame);

/** A message is animated only if it is younger than this. */
const freshMs = 3_000;
const isFresh = (time: string) => Math.abs(Date.now() - Date.parse(time)) < freshMs;

function Message(props: Props) {
  const { row, isGroup, showsHandle, total } = props;
  const { entry, pending, isOwn } = row;
  const time = timeOf(row);
  const name = entry?.display_name ?? 'You';
  // An own message was animated when it was pending.
  const [arrives] = useState(() => isFresh(time) && (pending !== undefined || !isOwn));
  const names = ['message', isOwn ? 'own' : 'other', isGroup && 'in-group', row.startsGroup && 'starts'];
  const text = entry?.message ?? pending?.message ?? '';
  // A message that was not sent shows it, wherever it is in its run.
  const hasMeta = pending?.state === 'failed' || (row.endsGroup && (isOwn || !isGroup));
  return (
    <article
      className={names.filter(Boolean).join(' ')}
      data-seq={entry?.seq}
      data-state={pending?.state ?? 'sent'}
      data-tone={(isGroup && !isOwn && entry?.tone) || undefined}
      aria-label={`${isOwn ? 'You' : showsHandle ? `${isolate(name)} (@${isolate(entry?.handle ?? '')})` : isolate(name)}, ${fullName(time)}`}
      aria-posinset={entry?.seq ?? total + 1}
      aria-setsize={Math.max(total, entry?.seq ?? total + 1)}
    >
      {isGroup && !isOwn && row.startsGroup && entry && (
        <>
          <Avatar name={name} tone={entry.tone} size="run" />
          <p className="by">
            <span className="sender">
              <bdi>{name}</bdi>
              {showsHandle && <bdi className="handle"> @{entry.handle}</bdi>}
            </span>
            <time dateTime={time} title={fullName(time)}>
              {clockName(time)}
            </time>
          </p>
        </>
      )}
      <div className={arrives ? 'said arrives' : 'said'}>
        <Bubble isOwn={isOwn} isGone={text === ''}>
          {text === '' && (
            <>
              <Icon of={Ban} small />
              Message deleted
            </>
          )}
          {text !== '' && <MessageText text={text} />}
        </Bubble>
        {!(row.endsGroup || (isGroup && row.startsGroup)) && (
          <time className="late" dateTime={time} aria-hidden="true">
            {clockName(time)}
          </time>
        )}
      </div>
      {hasMeta && <Meta {...props} />}
    </article>
  );
}

/** The line below a run: its time, and the state of its last message. */
function Meta({ row: { pending, ...row }, receipt, isOffline, onRetry, onDiscard }: Props) {
  const time = pending?.created_at ?? timeOf(row);
  if (pending?.state === 'failed')
    return (
      <p className="meta failed" role="alert">
        <Icon of={CircleAlert} small />
        <span>Not sent. {pending.reason}</span>
        <button type="button" onClick={() => onRetry(pending.key)}>
          Try again
        </button>
        <button type="button" onClick={() => onDiscard(pending.key)}>
          Delete
        </button>
      </p>
    );
  if (pending)
    return (
      <p className="meta">
        <Icon of={isOffline ? CloudOff : Clock} small />
        {isOffline ? 'Goes out when you are back online' : 'Sending'}
      </p>
    );
  return (
    <p className="meta">
      <time dateTime={time} title={fullName(time)}>
        {clockName(time)}
      </time>
      {receipt && (
        <>
          <Icon of={receipt.isSeen ? CheckCheck : Check} small />
          <span className="receipt" title={receipt.title}>
            {receipt.text}
          </span>
        </>
      )}
    </p>
  );
}

/** Every change creates new rows, and most of them are equal to the old ones. */
function isSame(a: Props, b: Props) {
  const [one, two] = [a.row, b.row];
  return (
    one.entry === two.entry &&
    one.pending === two.pending &&
    one.day === two.day &&
    one.isFirstNew === two.isFirstNew &&
    one.startsGroup === two.startsGroup &&
    one.endsGroup === two.endsGroup &&
    a.receipt?.text === b.receipt?.text &&
    a.receipt?.title === b.receipt?.title &&
    a.isGroup === b.isGroup &&
    a.showsHandle === b.showsHandle &&
    a.isStart === b.isStart &&
    (one.entry !== undefined || (a.total === b.total && a.isOffline === b.isOffline))
  );
}

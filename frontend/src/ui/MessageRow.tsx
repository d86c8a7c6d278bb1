import { isolate } from '@parley/contract/direction';
import { memo } from 'react';
import { type Part, splitLinks } from '../text/links.ts';
import { clockName, dayName, fullName } from '../text/time.ts';
import { Avatar } from './Avatar.tsx';
import type { Row } from './rows.ts';
import { isNotice, timeOf } from './rows.ts';

type Props = {
  row: Row;
  isGroup: boolean;
  /** Another one here has the same name. */
  showsHandle: boolean;
  isStart: boolean;
  receipt: string | undefined;
  total: number;
  onRetry(key: string): void;
  onDiscard(key: string): void;
};

export const MessageRow = memo(function MessageRow(props: Props) {
  const { row, isStart } = props;
  return (
    <div className="line">
      {isStart && <p className="notice quiet">This is the beginning of the conversation.</p>}
      {row.day && (
        <p className="day">
          <span>{dayName(timeOf(row))}</span>
        </p>
      )}
      {row.isFirstNew && (
        <p className="new-line">
          <span>New messages</span>
        </p>
      )}
      {row.entry && isNotice(row) ? (
        <p className="notice">
          <bdi>{row.entry.message}</bdi>{' '}
          <time dateTime={row.entry.created_at}>{clockName(row.entry.created_at)}</time>
        </p>
      ) : (
        <Bubble {...props} />
      )}
    </div>
  );
}, isSame);

function Bubble({ row, isGroup, showsHandle, receipt, total, onRetry, onDiscard }: Props) {
  const { entry, pending, isOwn } = row;
  const time = timeOf(row);
  const name = entry?.display_name ?? 'You';
  const names = [
    'bubble-line',
    isOwn ? 'own' : 'other',
    row.startsGroup && 'starts',
    row.endsGroup && 'ends',
  ];
  return (
    <article
      className={names.filter(Boolean).join(' ')}
      data-seq={entry?.seq}
      data-state={pending?.state ?? 'sent'}
      aria-label={`${isOwn ? 'You' : showsHandle ? `${isolate(name)} (@${isolate(entry?.handle ?? '')})` : isolate(name)}, ${fullName(time)}`}
      aria-posinset={entry?.seq ?? total + 1}
      aria-setsize={Math.max(total, entry?.seq ?? total + 1)}
    >
      {isGroup && !isOwn && <span className="face">{row.endsGroup && <Avatar name={name} />}</span>}
      <div className="bubble-box">
        {isGroup && !isOwn && row.startsGroup && (
          <p className="sender">
            <bdi>{name}</bdi>
            {showsHandle && <bdi className="handle"> @{entry?.handle}</bdi>}
          </p>
        )}
        <div className="bubble">
          {entry?.message === '' && <p className="text quiet">This message was deleted</p>}
          <p className="text" dir="auto">
            {splitLinks(entry?.message ?? pending?.message ?? '').map((part, index) =>
              // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text never change
              part.href ? <Link key={index} {...part} /> : part.text,
            )}
          </p>
          <span className="meta">
            <time dateTime={time} title={fullName(time)}>
              {clockName(time)}
            </time>
            {pending?.state === 'sending' && <span className="state"> · sending …</span>}
          </span>
        </div>
        {pending?.state === 'failed' && (
          <p className="failed" role="alert">
            Not sent. {pending.reason}{' '}
            <button type="button" className="text" onClick={() => onRetry(pending.key)}>
              Retry
            </button>{' '}
            <button type="button" className="text" onClick={() => onDiscard(pending.key)}>
              Discard
            </button>
          </p>
        )}
        {receipt && <p className="receipt">{receipt}</p>}
      </div>
    </article>
  );
}

function Link({ text, href, host }: Part) {
  return (
    <>
      <a href={href} target="_blank" rel="noopener noreferrer nofollow" dir="ltr">
        {text}
      </a>
      {host && ' '}
      {host && (
        <bdi dir="ltr" className="host">
          ({host})
        </bdi>
      )}
    </>
  );
}

/** Rows are made anew with every change; most of them say the same. */
function isSame(a: Props, b: Props) {
  const [one, two] = [a.row, b.row];
  return (
    one.entry === two.entry &&
    one.pending === two.pending &&
    one.day === two.day &&
    one.isFirstNew === two.isFirstNew &&
    one.startsGroup === two.startsGroup &&
    one.endsGroup === two.endsGroup &&
    a.receipt === b.receipt &&
    a.isGroup === b.isGroup &&
    a.showsHandle === b.showsHandle &&
    a.isStart === b.isStart &&
    (one.entry !== undefined || a.total === b.total)
  );
}

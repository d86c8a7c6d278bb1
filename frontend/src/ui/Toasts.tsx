import type { Chat } from '@parley/client/sync/chat';
import { Archive, CloudOff, Info } from 'lucide';
import { useEffect, useState } from 'react';
import { browserStorage } from '../storage.ts';
import { Toast } from './components/Toast.tsx';
import { toasts } from './toasts.ts';
import { useSignal } from './use-signal.ts';

/** A first connection and a blink are nobody's business; what lasts is said. */
const patienceMs = 1_500;
const shownMs = 8_000;

/** What floats over the page: nothing below it moves. */
export const Toasts = ({ chat, onRetry }: { chat: Chat | undefined; onRetry(): void }) => (
  <div className="toasts" role="status">
    <StorageNotice />
    {chat && <JustDone />}
    {chat && <Offline chat={chat} onRetry={onRetry} />}
  </div>
);

/** Said once: the page works on, and what it cannot keep is gone with it. */
function StorageNotice() {
  useSignal(browserStorage.signal);
  const [isRead, setRead] = useState(false);
  if (!browserStorage.hasLost() || isRead) return null;
  return (
    <Toast
      icon={Info}
      text="This browser stores nothing for this page now. You can go on, but a reload loses drafts, unsent messages and your sign-in."
      action="OK"
      onAction={() => setRead(true)}
    />
  );
}

/** What one has just done, with the way back. */
function JustDone() {
  useSignal(toasts.signal);
  const notice = toasts.notice();
  useEffect(() => {
    if (!notice) return;
    const timer = setTimeout(toasts.dismiss, shownMs);
    return () => clearTimeout(timer);
  }, [notice]);
  // What one person has done is not for the next one.
  useEffect(() => toasts.dismiss, []);
  if (!notice) return null;
  function undo() {
    toasts.dismiss();
    notice?.onAction();
  }
  return <Toast icon={Archive} text={notice.text} action={notice.action} onAction={undo} />;
}

function Offline({ chat, onRetry }: { chat: Chat; onRetry(): void }) {
  useSignal(chat.signal);
  const isOnline = chat.live().state === 'online';
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    if (isOnline) {
      setLate(false);
      return;
    }
    const timer = setTimeout(() => setLate(true), patienceMs);
    return () => clearTimeout(timer);
  }, [isOnline]);
  if (isOnline || !isLate) return null;
  return (
    <Toast
      icon={CloudOff}
      className="banner"
      text={
        navigator.onLine
          ? 'Reconnecting. New messages will follow.'
          : 'You are offline. New messages will follow.'
      }
      action="Try now"
      onAction={onRetry}
    />
  );
}

import type { Chat } from '@parley/client/sync/chat';
import { Archive, CloudOff, Info } from 'lucide';
import { useEffect, useState } from 'react';
import { browserStorage } from '../storage.ts';
import { Toast } from './components/Toast.tsx';
import { toasts } from './toasts.ts';
import { useSignal } from './use-signal.ts';

/** Connecting and short interruptions are not shown. Only one that lasts this long is. */
const patienceMs = 1_500;
const shownMs = 8_000;

/** The notices that float over the page. */
export const Toasts = ({ chat, onRetry }: { chat: Chat | undefined; onRetry(): void }) => (
  <div className="toasts" role="status">
    <StorageNotice />
    {chat && <JustDone />}
    {chat && <Offline chat={chat} onRetry={onRetry} />}
  </div>
);

/** Shown once, when the browser refuses to store something. */
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

/** The last action, with a button that undoes it. */
function JustDone() {
  useSignal(toasts.signal);
  const notice = toasts.notice();
  useEffect(() => {
    if (!notice) return;
    const timer = setTimeout(toasts.dismiss, shownMs);
    return () => clearTimeout(timer);
  }, [notice]);
  // The next person who signs in must not see it.
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

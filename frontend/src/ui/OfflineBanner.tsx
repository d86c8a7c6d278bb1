import type { Chat } from '@parley/client/sync/chat';
import { useEffect, useState } from 'react';

/** A first connection and a blink are nobody's business; what lasts is said. */
const patienceMs = 1_500;

export function OfflineBanner({ live, onRetry }: { live: ReturnType<Chat['live']>; onRetry(): void }) {
  const isOnline = live.state === 'online';
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    if (isOnline) {
      setLate(false);
      return;
    }
    const timer = setTimeout(() => setLate(true), patienceMs);
    return () => clearTimeout(timer);
  }, [isOnline]);

  return (
    <div role="status" className="banner-place">
      {isLate && !isOnline && (
        <div className="banner">
          <span>{navigator.onLine ? 'Reconnecting …' : 'You are offline.'} New messages will follow.</span>
          <button type="button" className="text" onClick={onRetry}>
            Try now
          </button>
        </div>
      )}
    </div>
  );
}

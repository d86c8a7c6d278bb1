import { useState } from 'react';
import { browserStorage } from '../storage.ts';
import { useSignal } from './use-signal.ts';

/** Said once: the page works on, and what it cannot keep is gone with it. */
export function StorageNotice() {
  useSignal(browserStorage.signal);
  const [isRead, setRead] = useState(false);
  return (
    <div role="status" className="banner-place">
      {browserStorage.hasLost() && !isRead && (
        <div className="banner">
          <span>
            This browser stores nothing for this page now. You can go on, but a reload loses drafts, unsent
            messages and your sign-in.
          </span>
          <button type="button" className="text" onClick={() => setRead(true)}>
            OK
          </button>
        </div>
      )}
    </div>
  );
}

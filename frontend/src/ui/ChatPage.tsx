import type { Api } from '@parley/client/api/requests';
import type { ClientConfig } from '@parley/client/api/types';
import type { Chat } from '@parley/client/sync/chat';
import { sorted, unreadConversations } from '@parley/client/sync/inbox';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Application } from '../app.ts';
import { ConversationView } from './ConversationView.tsx';
import { focusSomething } from './focus.ts';
import { InboxList } from './InboxList.tsx';
import { isOfInputMethod } from './keys.ts';
import { NewConversation } from './NewConversation.tsx';
import { OfflineBanner } from './OfflineBanner.tsx';
import { ProfileDialog } from './ProfileDialog.tsx';
import { go, pathOf, placeOf, usePath } from './router.ts';
import { useSignal } from './use-signal.ts';

type Props = {
  chat: Chat;
  api: Api;
  config: ClientConfig;
  application: Application;
  wantedHandle: string | undefined;
};
type Dialog = 'none' | 'new' | 'profile';

export function ChatPage({ chat, api, config, application, wantedHandle }: Props) {
  useSignal(chat.signal);
  const path = usePath();
  const place = placeOf(path);
  const [dialog, setDialog] = useState<Dialog>('none');
  const [isHidden, setHidden] = useState(false);
  const rows = sorted(chat.inbox(), isHidden);
  const unread = unreadConversations(chat.inbox());
  const current = place.name === 'conversation' ? place.uuid : undefined;
  const showHidden = (next: boolean) => {
    setHidden(next);
    // Where they cannot be read, those that are known show.
    if (next) void chat.readHidden().catch(() => {});
  };
  const closeDialog = useCallback(() => setDialog('none'), []);

  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) Parley` : 'Parley';
    return () => {
      document.title = 'Parley';
    };
  }, [unread]);

  useFocusOfPlace(current, path);

  const order = useRef<string[]>([]);
  order.current = rows.map(({ uuid }) => uuid);
  useEffect(() => {
    function onKey(event: KeyboardEvent) {
      if (isOfInputMethod(event)) return;
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setDialog('new');
      } else if (event.altKey && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
        event.preventDefault();
        const at = order.current.indexOf(current ?? '');
        const next = order.current[event.key === 'ArrowDown' ? at + 1 : Math.max(0, at - 1)];
        if (next) go(pathOf.conversation(next));
      } else if (event.key === 'Escape' && !event.defaultPrevented && !isBusyWith(event.target)) {
        go(pathOf.inbox());
      }
    }
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [current]);

  return (
    <div className="page" data-place={place.name}>
      <OfflineBanner live={chat.live()} onRetry={application.retryNow} />
      <main className="panes">
        <h1 className="unseen">Parley</h1>
        <section className="inbox" aria-label="Inbox">
          <header className="bar">
            <h2 className="brand" data-place-title tabIndex={-1}>
              <img src="/icon.svg" alt="" width="24" height="24" /> Parley
            </h2>
            <button
              type="button"
              className="icon"
              aria-label="Your profile and settings"
              title="Your profile and settings"
              onClick={() => setDialog('profile')}
            >
              <Gear />
            </button>
            <button
              type="button"
              className="icon primary"
              aria-label="New conversation"
              title="New conversation (Ctrl+K)"
              onClick={() => setDialog('new')}
            >
              <Plus />
            </button>
          </header>
          <InboxList
            chat={chat}
            wantedHandle={wantedHandle}
            rows={rows}
            current={current}
            isHidden={isHidden}
            onHidden={showHidden}
            onNew={() => setDialog('new')}
          />
        </section>
        <div className="conversation-pane">
          {place.name === 'conversation' && (
            <ConversationView key={place.uuid} chat={chat} api={api} config={config} uuid={place.uuid} />
          )}
          {place.name === 'new' && (
            <ConversationView
              key={`@${place.handle}`}
              chat={chat}
              api={api}
              config={config}
              handle={place.handle}
            />
          )}
          {place.name === 'nowhere' && (
            <div className="nothing">
              <h2 data-place-title tabIndex={-1}>
                There is no such page
              </h2>
              <p className="quiet">Nothing of Parley is at this address.</p>
              <button type="button" className="primary" onClick={() => go(pathOf.inbox())}>
                Go to the inbox
              </button>
            </div>
          )}
          {place.name === 'inbox' && (
            <div className="nothing">
              <h2 data-place-title tabIndex={-1}>
                Choose a conversation
              </h2>
              <p className="quiet">
                Or press <kbd>Ctrl</kbd>+<kbd>K</kbd> to begin one. <kbd>Alt</kbd>+<kbd>↓</kbd> and{' '}
                <kbd>Alt</kbd>+<kbd>↑</kbd> go through them.
              </p>
            </div>
          )}
        </div>
      </main>
      {dialog === 'new' && <NewConversation api={api} config={config} me={chat.me} onClose={closeDialog} />}
      {dialog === 'profile' && (
        <ProfileDialog
          api={api}
          me={chat.me}
          config={config}
          onSignOut={application.signOut}
          onDelete={application.deleteAccount}
          onClose={closeDialog}
        />
      )}
    </div>
  );
}

/** After a change of place: what was opened last has the focus in the inbox again, and nothing leaves it to the page. */
function useFocusOfPlace(current: string | undefined, path: string) {
  const before = useRef({ current, path });
  useEffect(() => {
    const left = before.current;
    before.current = { current, path };
    if (left.path === path) return;
    const row = left.current && document.querySelector(`a[href="${pathOf.conversation(left.current)}"]`);
    focusSomething(path === pathOf.inbox() && row ? row : undefined);
  }, [current, path]);
}

/** Escape belongs to the topmost thing: a dialog, or the field one writes in. */
const isBusyWith = (target: EventTarget | null) =>
  document.querySelector('dialog[open]') !== null ||
  (target instanceof Element && target.matches('input, textarea'));

const Plus = () => (
  <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
    <path d="M12 5v14M5 12h14" stroke="currentColor" strokeWidth="2.4" strokeLinecap="round" />
  </svg>
);

const Gear = () => (
  <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" fill="none" stroke="currentColor">
    <circle cx="12" cy="8" r="4" strokeWidth="2" />
    <path d="M4.5 20.5c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5" strokeWidth="2" strokeLinecap="round" />
  </svg>
);

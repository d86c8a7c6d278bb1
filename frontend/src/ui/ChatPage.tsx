import type { Api } from '@parley/client/api/requests';
import type { ClientConfig } from '@parley/client/api/types';
import type { Chat } from '@parley/client/sync/chat';
import { sorted, unreadConversations } from '@parley/client/sync/inbox';
import { Moon, Search, Settings, SquarePen, Sun } from 'lucide';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Application } from '../app.ts';
import { appearance } from '../appearance.ts';
import './ChatPage.css';
import { ConversationView } from './ConversationView.tsx';
import { Avatar } from './components/Avatar.tsx';
import { Brand } from './components/Brand.tsx';
import { Button, IconButton } from './components/Button.tsx';
import { EmptyView } from './components/EmptyView.tsx';
import { focusSomething } from './components/focus.ts';
import { Icon } from './components/Icon.tsx';
import { InboxList } from './InboxList.tsx';
import { type Filter, filtered } from './inbox-filter.ts';
import { isOfInputMethod } from './keys.ts';
import { NewConversation } from './NewConversation.tsx';
import { ProfileDialog } from './ProfileDialog.tsx';
import { go, pathOf, placeOf, usePath } from './router.ts';
import { useMedia } from './use-media.ts';
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
  const [filter, setFilter] = useState<Filter>('all');
  const current = place.name === 'conversation' ? place.uuid : undefined;
  const rows = filtered(sorted(chat.inbox(), isHidden), isHidden ? 'all' : filter, current);
  const unread = unreadConversations(chat.inbox());
  const showHidden = (next: boolean) => {
    setHidden(next);
    // If they cannot be read, the known ones are shown.
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
      <main className="panes">
        <h1 className="unseen">Parley</h1>
        <section className="inbox" aria-label="Inbox">
          <header className="inbox-head">
            <h2 data-place-title tabIndex={-1}>
              <Brand />
            </h2>
            <IconButton
              label="New conversation"
              title="New conversation (Ctrl+K)"
              className="new"
              icon={SquarePen}
              onClick={() => setDialog('new')}
            />
          </header>
          <button type="button" className="jump" onClick={() => setDialog('new')}>
            <Icon of={Search} small />
            Find people
            <kbd>Ctrl K</kbd>
          </button>
          <InboxList
            chat={chat}
            wantedHandle={wantedHandle}
            rows={rows}
            current={current}
            filter={filter}
            onFilter={setFilter}
            isHidden={isHidden}
            onHidden={showHidden}
            onNew={() => setDialog('new')}
          />
          <Me chat={chat} onOpen={() => setDialog('profile')} />
        </section>
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
          <div className="sheet">
            <EmptyView isPlace title="There is no such page">
              <p>There is nothing at this address.</p>
              <Button kind="primary" onClick={() => go(pathOf.inbox())}>
                Go to the inbox
              </Button>
            </EmptyView>
          </div>
        )}
        {place.name === 'inbox' && (
          <div className="sheet">
            <EmptyView isPlace hasPicture title="Choose a conversation">
              <p>
                Or press <kbd>Ctrl</kbd> <kbd>K</kbd> to begin one. <kbd>Alt</kbd> <kbd>↓</kbd> and{' '}
                <kbd>Alt</kbd> <kbd>↑</kbd> go through them.
              </p>
            </EmptyView>
          </div>
        )}
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

/** The signed-in person: at the foot of the inbox, or on a phone as a face in its head. */
function Me({ chat, onOpen }: { chat: Chat; onOpen(): void }) {
  useSignal(appearance.signal);
  const isSystemDark = useMedia('(prefers-color-scheme: dark)');
  const { theme } = appearance.now();
  const isDark = theme === 'system' ? isSystemDark : theme === 'dark';
  const { handle, display_name, tone } = chat.me;
  return (
    <footer className="me">
      <button type="button" className="me-button" title="Your profile and settings" onClick={onOpen}>
        <Avatar name={display_name} tone={tone} size="small" isOnline={chat.live().state === 'online'} />
        <span className="unseen">Your profile and settings: </span>
        <span className="me-text">
          <bdi className="cut">{display_name}</bdi>
          <bdi className="cut">@{handle}</bdi>
        </span>
        <Icon of={Settings} />
      </button>
      <IconButton
        className="theme"
        label={isDark ? 'Light theme' : 'Dark theme'}
        icon={isDark ? Sun : Moon}
        onClick={() => appearance.change({ theme: isDark ? 'light' : 'dark' })}
      />
    </footer>
  );
}

/** After navigation the inbox row that was opened last gets the focus, so it is never lost to the page. */
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

/** Escape belongs to the topmost dialog, or to the field that has the focus. */
const isBusyWith = (target: EventTarget | null) =>
  document.querySelector('dialog[open]') !== null ||
  (target instanceof Element && target.matches('input, textarea'));

import { explain } from '@parley/client/api/errors';
import type { Api } from '@parley/client/api/requests';
import type { Group, Settings } from '@parley/client/api/types';
import type { Chat } from '@parley/client/sync/chat';
import { isolate } from '@parley/contract/direction';
import { Archive, ArchiveRestore, X } from 'lucide';
import { type KeyboardEvent, type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import type { Heading } from './ConversationHeading.tsx';
import { Avatar } from './components/Avatar.tsx';
import { Button, IconButton } from './components/Button.tsx';
import { Dialog } from './components/Dialog.tsx';
import { focusSomething } from './components/focus.ts';
import './components/Sheet.css';
import { Switch } from './components/Switch.tsx';
import './DetailsSheet.css';
import { Members } from './Members.tsx';
import { go, pathOf } from './router.ts';
import { toasts } from './toasts.ts';
import { useMedia } from './use-media.ts';

type Props = {
  chat: Chat;
  api: Api;
  uuid: string;
  heading: Heading;
  /** Only groups have it. */
  group: Group | undefined;
  titleMaxChars: number;
  onClose(): void;
};

/** The details of a conversation: a third sheet if there is room, else a dialog from the side or from below. */
export function DetailsSheet(props: Props) {
  const { heading, onClose } = props;
  const isWide = useMedia('(min-width: 1180px)');
  const content = <Details {...props} />;
  if (isWide)
    return (
      <Aside title={heading.title} onClose={onClose}>
        {content}
      </Aside>
    );
  return (
    <Dialog title={heading.title} place="side" onClose={onClose}>
      {content}
    </Dialog>
  );
}

function Aside({ title, onClose, children }: { title: string; onClose(): void; children: ReactNode }) {
  const element = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const opener = document.activeElement;
    element.current?.querySelector('h2')?.focus();
    return () => queueMicrotask(() => focusSomething(opener));
  }, []);
  function onKey(event: KeyboardEvent) {
    // Escape in a dialog that was opened from here closes only that dialog.
    const isAbove = event.target instanceof Element && event.target.closest('dialog');
    if (event.key !== 'Escape' || event.defaultPrevented || isAbove) return;
    event.preventDefault();
    onClose();
  }
  return (
    <aside ref={element} className="sheet details" aria-label={`About ${isolate(title)}`} onKeyDown={onKey}>
      <header className="bar">
        <div className="bar-text">
          <h2 tabIndex={-1}>
            <bdi>{title}</bdi>
          </h2>
        </div>
        <IconButton label="Close" icon={X} onClick={onClose} />
      </header>
      <div className="details-body">{children}</div>
    </aside>
  );
}

function Details({ chat, api, uuid, heading, group, titleMaxChars, onClose }: Props) {
  const [error, setError] = useState('');
  const { muted, hidden } = chat.settings(uuid);

  async function change(settings: Partial<Settings>) {
    setError('');
    try {
      await chat.changeSettings(uuid, settings);
      return true;
    } catch (failure) {
      setError(explain(failure));
      return false;
    }
  }

  async function hide() {
    if (!(await change({ hidden: true }))) return;
    onClose();
    go(pathOf.inbox());
    toasts.show({
      text: `${isolate(heading.title)} is hidden until the next message.`,
      action: 'Undo',
      onAction: () => void chat.changeSettings(uuid, { hidden: false }).catch(() => {}),
    });
  }

  return (
    <>
      <div className="about">
        <Avatar
          name={heading.title}
          tone={heading.tone}
          size="large"
          isGroup={heading.isGroup}
          isOnline={heading.isOnline}
        />
        {heading.at && (
          <p className="quiet">
            <bdi>{heading.at}</bdi>
            {heading.isOnline && ' · online'}
          </p>
        )}
      </div>
      <Switch
        label="Mute"
        hint="No notifications, and not counted among the unread."
        isOn={muted}
        onChange={() => void change({ muted: !muted })}
      />
      <p role="alert" className="error">
        {error}
      </p>
      {hidden ? (
        <Button icon={ArchiveRestore} onClick={() => void change({ hidden: false })}>
          Show in the inbox again
        </Button>
      ) : (
        <Button icon={Archive} onClick={() => void hide()}>
          Hide until the next message
        </Button>
      )}
      {group && (
        <Members chat={chat} api={api} group={group} titleMaxChars={titleMaxChars} onClose={onClose} />
      )}
    </>
  );
}

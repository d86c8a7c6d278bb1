import { explain } from '@parley/client/api/errors';
import type { Settings } from '@parley/client/api/types';
import type { Chat } from '@parley/client/sync/chat';
import { useState } from 'react';
import { Modal } from './Modal.tsx';
import { go, pathOf } from './router.ts';

type Props = { chat: Chat; uuid: string; title: string; onClose(): void };

/** What a conversation may do to this person: nobody else sees it. */
export function SettingsDialog({ chat, uuid, title, onClose }: Props) {
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
  }

  return (
    <Modal title={title} onClose={onClose}>
      <label className="switch">
        <input type="checkbox" checked={muted} onChange={() => void change({ muted: !muted })} />
        <span>
          Mute
          <span className="hint block">No notifications, and not counted among the unread.</span>
        </span>
      </label>
      <p role="alert" className="error">
        {error}
      </p>
      {hidden ? (
        <button type="button" className="quiet-button" onClick={() => void change({ hidden: false })}>
          Show in the inbox again
        </button>
      ) : (
        <button type="button" className="quiet-button" onClick={() => void hide()}>
          Hide until the next message
        </button>
      )}
    </Modal>
  );
}

import { explain } from '@parley/client/api/errors';
import type { Api } from '@parley/client/api/requests';
import type { ClientConfig, Profile } from '@parley/client/api/types';
import { isBlank } from '@parley/contract/visible';
import { type FormEvent, useId, useState } from 'react';
import { canNotify, isNotifying, setNotifying } from '../notifications.ts';
import { Confirm } from './Confirm.tsx';
import { DeleteAccount } from './DeleteAccount.tsx';
import { DownloadData } from './DownloadData.tsx';
import { Modal } from './Modal.tsx';

type Props = {
  api: Api;
  me: Profile;
  config: ClientConfig;
  onSignOut(): Promise<void>;
  onDelete(password: string): Promise<void>;
  onClose(): void;
};

export function ProfileDialog({ api, me, config, onSignOut, onDelete, onClose }: Props) {
  const id = useId();
  const [name, setName] = useState(me.display_name);
  const [bio, setBio] = useState(me.bio ?? '');
  const [notice, setNotice] = useState('');
  const [isOn, setOn] = useState(isNotifying());
  const [asking, setAsking] = useState<'sign-out' | 'delete'>();
  const closeAsking = () => setAsking(undefined);

  async function save(event: FormEvent) {
    event.preventDefault();
    if (isBlank(name)) return setNotice('A name is needed.');
    try {
      Object.assign(me, await api.updateProfile({ display_name: name.trim(), bio }));
      setNotice('Saved.');
    } catch (failure) {
      setNotice(explain(failure));
    }
  }

  async function toggle() {
    const next = await setNotifying(!isOn);
    setOn(next);
    if (!isOn && !next) setNotice('The browser does not allow notifications for this page.');
  }

  return (
    <>
      <Modal title={`@${me.handle}`} onClose={onClose}>
        <form onSubmit={save}>
          <div className="field">
            <label htmlFor={`${id}-name`}>Name</label>
            <input
              id={`${id}-name`}
              required
              maxLength={config.limits.display_name_max_chars}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          </div>
          <div className="field">
            <label htmlFor={`${id}-bio`}>About you</label>
            <textarea
              id={`${id}-bio`}
              rows={3}
              maxLength={config.limits.bio_max_chars}
              value={bio}
              onChange={(event) => setBio(event.target.value)}
            />
          </div>
          <p role="status">{notice}</p>
          <button type="submit" className="primary">
            Save
          </button>
        </form>
        {canNotify() && (
          <label className="switch">
            <input type="checkbox" checked={isOn} onChange={() => void toggle()} /> Notify me of new messages
            while this page is in the background
          </label>
        )}
        <button type="button" className="quiet-button" onClick={() => setAsking('sign-out')}>
          Sign out on all devices
        </button>
        <h3>Your data</h3>
        <DownloadData api={api} handle={me.handle} />
        <button type="button" className="quiet-button danger" onClick={() => setAsking('delete')}>
          Delete account
        </button>
      </Modal>
      {asking === 'sign-out' && (
        <Confirm
          title="Sign out on all devices?"
          verb="Sign out"
          text="Parley asks for your password again, here and everywhere else. Your conversations stay."
          onConfirm={onSignOut}
          onClose={closeAsking}
        />
      )}
      {asking === 'delete' && <DeleteAccount handle={me.handle} onDelete={onDelete} onClose={closeAsking} />}
    </>
  );
}

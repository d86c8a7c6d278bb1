import { explain } from '@parley/client/api/errors';
import type { Api } from '@parley/client/api/requests';
import type { ClientConfig, Profile } from '@parley/client/api/types';
import { isBlank } from '@parley/contract/visible';
import { type FormEvent, useId, useState } from 'react';
import { canNotify, isNotifying, setNotifying } from '../notifications.ts';
import { AppearanceSettings } from './AppearanceSettings.tsx';
import { Confirm } from './Confirm.tsx';
import { Button } from './components/Button.tsx';
import { Dialog } from './components/Dialog.tsx';
import { Field } from './components/Field.tsx';
import { Switch } from './components/Switch.tsx';
import { DeleteAccount } from './DeleteAccount.tsx';
import { DownloadData } from './DownloadData.tsx';
import './ProfileDialog.css';

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
      <Dialog title={`@${me.handle}`} onClose={onClose}>
        <form onSubmit={save}>
          <Field
            label="Name"
            isProse
            maxLength={config.limits.display_name_max_chars}
            value={name}
            onChange={setName}
          />
          <div className="field">
            <label htmlFor={`${id}-bio`}>About you</label>
            <textarea
              id={`${id}-bio`}
              rows={2}
              maxLength={config.limits.bio_max_chars}
              value={bio}
              onChange={(event) => setBio(event.target.value)}
            />
          </div>
          <div className="saving">
            <p role="status">{notice}</p>
            <Button type="submit" kind="primary">
              Save
            </Button>
          </div>
        </form>
        <section className="setting-group">
          <h3>Appearance</h3>
          <AppearanceSettings />
        </section>
        {canNotify() && (
          <section className="setting-group">
            <h3>Notifications</h3>
            <Switch
              label="Notify me of new messages"
              hint="While this page is in the background."
              isOn={isOn}
              onChange={() => void toggle()}
            />
          </section>
        )}
        <section className="setting-group">
          <h3>Your data</h3>
          <DownloadData api={api} handle={me.handle} />
        </section>
        <section className="setting-group">
          <h3>Your account</h3>
          <div className="account">
            <Button onClick={() => setAsking('sign-out')}>Sign out on all devices</Button>
            <Button kind="danger-text" onClick={() => setAsking('delete')}>
              Delete account
            </Button>
          </div>
        </section>
      </Dialog>
      {asking === 'sign-out' && (
        <Confirm
          title="Sign out on all devices?"
          verb="Sign out"
          text="You sign in again with your password, here and on your other devices. Your conversations stay."
          onConfirm={onSignOut}
          onClose={closeAsking}
        />
      )}
      {asking === 'delete' && <DeleteAccount handle={me.handle} onDelete={onDelete} onClose={closeAsking} />}
    </>
  );
}

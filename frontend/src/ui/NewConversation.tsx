import { explain } from '@parley/client/api/errors';
import { newKey } from '@parley/client/api/key';
import type { Api } from '@parley/client/api/requests';
import type { ClientConfig, Person, Profile } from '@parley/client/api/types';
import { isolate } from '@parley/contract/direction';
import { isBlank } from '@parley/contract/visible';
import { Users } from 'lucide';
import { type FormEvent, useRef, useState } from 'react';
import { Button } from './components/Button.tsx';
import { Chip } from './components/Chip.tsx';
import { Dialog } from './components/Dialog.tsx';
import { Field } from './components/Field.tsx';
import './NewConversation.css';
import { PeopleSearch } from './PeopleSearch.tsx';
import { go, pathOf } from './router.ts';

type Props = { api: Api; config: ClientConfig; me: Profile; onClose(): void };

/** A new group takes at most this many others. */
const maxOthers = 48;
const tooMany = `A group begins with at most ${maxOthers} others. An admin can add more later.`;

export function NewConversation({ api, config, me, onClose }: Props) {
  const [isGroup, setGroup] = useState(false);
  const [title, setTitle] = useState('');
  const [picked, setPicked] = useState<Person[]>([]);
  const [error, setError] = useState('');
  // Retries create the same group. Another title or another member makes another group.
  const tried = useRef({ body: '', key: '' });

  const isFull = picked.length >= maxOthers;

  function pick(person: Person) {
    if (isGroup) {
      if (isFull) setError(tooMany);
      else setPicked((known) => [...known, person]);
      return;
    }
    onClose();
    go(pathOf.new(person.handle));
  }

  function unpick(person: Person) {
    setError('');
    setPicked((known) => known.filter(({ uuid }) => uuid !== person.uuid));
    // The button disappears, so the focus must move first.
    document.querySelector<HTMLElement>('dialog [role="combobox"]')?.focus();
  }

  async function create(event: FormEvent) {
    event.preventDefault();
    const group = { title: title.trim(), handles: picked.map(({ handle }) => handle) };
    const body = JSON.stringify(group);
    if (tried.current.body !== body) tried.current = { body, key: newKey() };
    try {
      const { message_group_uuid } = await api.createGroup(group, tried.current.key);
      onClose();
      go(pathOf.conversation(message_group_uuid));
    } catch (failure) {
      setError(explain(failure));
    }
  }

  return (
    <Dialog title={isGroup ? 'New group' : 'New conversation'} onClose={onClose}>
      <PeopleSearch
        key={isGroup ? 'group' : 'person'}
        isFirst
        api={api}
        label={isGroup ? 'Add people' : 'To'}
        isHidden={({ uuid }) => uuid === me.uuid || picked.some((person) => person.uuid === uuid)}
        onPick={pick}
      />
      {isGroup ? (
        <form onSubmit={create}>
          {picked.length > 0 && (
            <ul className="chips" aria-label="Members of the new group">
              {picked.map((person) => (
                <li key={person.uuid}>
                  <Chip
                    text={person.display_name}
                    label={`Remove ${isolate(person.display_name)}`}
                    onRemove={() => unpick(person)}
                  />
                </li>
              ))}
            </ul>
          )}
          <Field
            label="Title"
            isProse
            maxLength={config.limits.title_max_chars}
            value={title}
            onChange={setTitle}
          />
          <p role="alert" className="error">
            {error}
          </p>
          <div className="ends">
            <Button type="submit" kind="primary" disabled={picked.length === 0 || isBlank(title)}>
              Create group
            </Button>
          </div>
        </form>
      ) : (
        <Button kind="quiet" icon={Users} className="start" onClick={() => setGroup(true)}>
          Create a group instead
        </Button>
      )}
    </Dialog>
  );
}

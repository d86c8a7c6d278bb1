import { explain } from '@parley/client/api/errors';
import type { Api } from '@parley/client/api/requests';
import type { Group, Member } from '@parley/client/api/types';
import type { Chat } from '@parley/client/sync/chat';
import { isolate } from '@parley/contract/direction';
import { isBlank } from '@parley/contract/visible';
import { Shield, ShieldOff, UserMinus } from 'lucide';
import { type FormEvent, useState } from 'react';
import { Confirm } from './Confirm.tsx';
import { Avatar } from './components/Avatar.tsx';
import { Button } from './components/Button.tsx';
import { Tag } from './components/Chip.tsx';
import { Field } from './components/Field.tsx';
import { Menu } from './components/Menu.tsx';
import './Members.css';
import { PeopleSearch } from './PeopleSearch.tsx';
import { go, pathOf } from './router.ts';

type Props = { chat: Chat; api: Api; group: Group; titleMaxChars: number; onClose(): void };

/** The members of a group. Admins can change them. */
export function Members({ chat, api, group, titleMaxChars, onClose }: Props) {
  const [title, setTitle] = useState(group.title ?? '');
  const [error, setError] = useState('');
  const [asking, setAsking] = useState<{ of: 'remove'; member: Member } | { of: 'leave' }>();
  const isAdmin = group.members.some(({ uuid, role }) => uuid === chat.me.uuid && role === 'admin');

  async function change(step: () => Promise<Group>) {
    setError('');
    try {
      chat.setGroup(await step());
    } catch (failure) {
      setError(explain(failure));
    }
  }

  function rename(event: FormEvent) {
    event.preventDefault();
    void change(() => api.rename(group.uuid, title.trim()));
  }

  const changeRole = ({ handle, role }: Member) =>
    void change(() => api.changeRole(group.uuid, handle, role === 'admin' ? 'member' : 'admin'));

  async function remove(member: Member) {
    chat.setGroup(await api.removeMember(group.uuid, member.handle));
  }

  async function leave() {
    await api.removeMember(group.uuid, chat.me.handle);
    onClose();
    go(pathOf.inbox());
    chat.leave(group.uuid);
  }

  return (
    <>
      {isAdmin && (
        <form className="rename" onSubmit={rename}>
          <Field label="Title" isProse maxLength={titleMaxChars} value={title} onChange={setTitle} />
          <Button type="submit" disabled={isBlank(title) || title.trim() === group.title}>
            Rename
          </Button>
        </form>
      )}
      {isAdmin && (
        <PeopleSearch
          api={api}
          label="Add somebody"
          isHidden={(person) => group.members.some(({ uuid }) => uuid === person.uuid)}
          onPick={({ handle }) => void change(() => api.addMember(group.uuid, handle))}
        />
      )}
      <p role="alert" className="error">
        {error}
      </p>
      <h3>
        {group.members.length} {group.members.length === 1 ? 'member' : 'members'}
      </h3>
      <ul className="members">
        {group.members.map((member) => (
          <li key={member.uuid} className="person">
            <Avatar
              name={member.display_name}
              tone={member.tone}
              size="head"
              isOnline={chat.isOnline(member.uuid)}
            />
            <span className="person-name">
              <bdi>{member.display_name}</bdi>
              <span className="quiet">
                {member.uuid === chat.me.uuid ? 'You' : <bdi>@{member.handle}</bdi>}
              </span>
            </span>
            {member.role === 'admin' && <Tag text="Admin" />}
            {isAdmin && member.uuid !== chat.me.uuid && (
              <Menu
                label={`Change ${isolate(member.display_name)}`}
                items={[
                  member.role === 'admin'
                    ? { text: 'Revoke admin', icon: ShieldOff, onSelect: () => changeRole(member) }
                    : { text: 'Make admin', icon: Shield, onSelect: () => changeRole(member) },
                  {
                    text: 'Remove',
                    icon: UserMinus,
                    isDanger: true,
                    onSelect: () => setAsking({ of: 'remove', member }),
                  },
                ]}
              />
            )}
          </li>
        ))}
      </ul>
      <Button kind="danger-text" className="start" onClick={() => setAsking({ of: 'leave' })}>
        Leave the group
      </Button>
      {asking?.of === 'remove' && (
        <Confirm
          title={`Remove ${isolate(asking.member.display_name)}?`}
          verb="Remove"
          text={`@${isolate(asking.member.handle)} can no longer read or write in this group. An admin can add them again.`}
          isDanger
          onConfirm={() => remove(asking.member)}
          onClose={() => setAsking(undefined)}
        />
      )}
      {asking?.of === 'leave' && (
        <Confirm
          title={`Leave ${group.title ? isolate(group.title) : 'the group'}?`}
          verb="Leave"
          text="You can no longer read or write in this group. An admin can add you again."
          isDanger
          onConfirm={leave}
          onClose={() => setAsking(undefined)}
        />
      )}
    </>
  );
}

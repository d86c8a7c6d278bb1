import { explain } from '@parley/client/api/errors';
import type { Api } from '@parley/client/api/requests';
import type { Group, Member } from '@parley/client/api/types';
import type { Chat } from '@parley/client/sync/chat';
import { isolate } from '@parley/contract/direction';
import { isBlank } from '@parley/contract/visible';
import { type FormEvent, useId, useState } from 'react';
import { Avatar } from './Avatar.tsx';
import { Confirm } from './Confirm.tsx';
import { Modal } from './Modal.tsx';
import { PeopleSearch } from './PeopleSearch.tsx';
import { go, pathOf } from './router.ts';

type Props = { chat: Chat; api: Api; group: Group; titleMaxChars: number; onClose(): void };

/** Who is in the group; admins change it. */
export function GroupDialog({ chat, api, group, titleMaxChars, onClose }: Props) {
  const titleId = useId();
  const [title, setTitle] = useState(group.title ?? '');
  const [error, setError] = useState('');
  const [asking, setAsking] = useState<{ of: 'remove'; member: Member } | { of: 'leave' }>();
  const me = group.members.find(({ uuid }) => uuid === chat.me.uuid);
  const isAdmin = me?.role === 'admin';

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
      <Modal title={group.title ?? 'Group'} onClose={onClose}>
        {isAdmin && (
          <form className="inline" onSubmit={rename}>
            <div className="field">
              <label htmlFor={titleId}>Title</label>
              <input
                id={titleId}
                required
                maxLength={titleMaxChars}
                value={title}
                onChange={(event) => setTitle(event.target.value)}
              />
            </div>
            <button
              type="submit"
              className="quiet-button"
              disabled={isBlank(title) || title.trim() === group.title}
            >
              Rename
            </button>
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
            <li key={member.uuid}>
              <Avatar name={member.display_name} isOnline={chat.isOnline(member.uuid)} />
              <span className="member-name">
                <strong>
                  <bdi>{member.display_name}</bdi>
                </strong>
                <span className="quiet">
                  <bdi>@{member.handle}</bdi>
                  {member.role === 'admin' && ' · admin'}
                  {member.uuid === chat.me.uuid && ' · you'}
                </span>
              </span>
              {isAdmin && member.uuid !== chat.me.uuid && (
                <span className="actions">
                  <button
                    type="button"
                    className="text"
                    aria-label={`${member.role === 'admin' ? 'Revoke admin' : 'Make admin'}: ${isolate(member.display_name)}`}
                    onClick={() =>
                      void change(() =>
                        api.changeRole(
                          group.uuid,
                          member.handle,
                          member.role === 'admin' ? 'member' : 'admin',
                        ),
                      )
                    }
                  >
                    {member.role === 'admin' ? 'Revoke admin' : 'Make admin'}
                  </button>
                  <button
                    type="button"
                    className="text danger"
                    aria-label={`Remove ${isolate(member.display_name)}`}
                    onClick={() => setAsking({ of: 'remove', member })}
                  >
                    Remove
                  </button>
                </span>
              )}
            </li>
          ))}
        </ul>
        <button type="button" className="quiet-button danger" onClick={() => setAsking({ of: 'leave' })}>
          Leave the group
        </button>
      </Modal>
      {asking?.of === 'remove' && (
        <Confirm
          title={`Remove ${isolate(asking.member.display_name)}?`}
          verb="Remove"
          text={`@${isolate(asking.member.handle)} can read and write nothing in this group any more. An admin can add them again.`}
          isDanger
          onConfirm={() => remove(asking.member)}
          onClose={() => setAsking(undefined)}
        />
      )}
      {asking?.of === 'leave' && (
        <Confirm
          title={`Leave ${group.title ? isolate(group.title) : 'the group'}?`}
          verb="Leave"
          text="You can read and write nothing in this group any more. An admin can add you again."
          isDanger
          onConfirm={leave}
          onClose={() => setAsking(undefined)}
        />
      )}
    </>
  );
}

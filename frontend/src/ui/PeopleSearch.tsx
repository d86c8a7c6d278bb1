import { useEffect, useId, useRef, useState } from 'react';
import type { Api } from '../api/client.ts';
import { explain } from '../api/errors.ts';
import type { Person } from '../api/types.ts';
import { Avatar } from './Avatar.tsx';

type Props = {
  api: Api;
  label: string;
  /** Takes the focus when it appears. */
  isFirst?: boolean;
  isHidden(person: Person): boolean;
  onPick(person: Person): void;
};

/** Finds people by the beginning of their handle or name. */
export function PeopleSearch({ api, label, isFirst, isHidden, onPick }: Props) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (isFirst) field.current?.focus();
  }, [isFirst]);
  const [search, setSearch] = useState('');
  const [found, setFound] = useState<Person[]>([]);
  const [notice, setNotice] = useState('');
  useEffect(() => {
    const wanted = search.trim().replace(/^@/, '');
    if (wanted === '') {
      setFound([]);
      setNotice('');
      return;
    }
    let isCurrent = true;
    const timer = setTimeout(async () => {
      try {
        const people = await api.searchPeople(wanted);
        if (!isCurrent) return;
        setFound(people);
        setNotice(people.length === 0 ? 'Nobody is called so.' : '');
      } catch (error) {
        if (isCurrent) setNotice(explain(error));
      }
    }, 150);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [api, search]);

  return (
    <>
      <div className="field">
        <label htmlFor={id}>{label}</label>
        <input
          ref={field}
          id={id}
          type="text"
          inputMode="search"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          placeholder="Name or handle"
        />
      </div>
      <ul className="people">
        {found
          .filter((person) => !isHidden(person))
          .map((person) => (
            <li key={person.uuid}>
              <button
                type="button"
                className="person"
                onClick={() => {
                  onPick(person);
                  setSearch('');
                }}
              >
                <Avatar name={person.display_name} />
                <span>
                  <strong>{person.display_name}</strong>
                  <span className="quiet">@{person.handle}</span>
                </span>
              </button>
            </li>
          ))}
      </ul>
      <p role="status" className="quiet">
        {notice}
      </p>
    </>
  );
}

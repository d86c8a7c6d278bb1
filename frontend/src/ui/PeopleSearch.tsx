import { explain } from '@parley/client/api/errors';
import type { Api } from '@parley/client/api/requests';
import type { Person } from '@parley/client/api/types';
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { Avatar } from './components/Avatar.tsx';
import './components/Field.css';
import { isOfInputMethod } from './keys.ts';
import './PeopleSearch.css';

type Props = {
  api: Api;
  label: string;
  /** Takes the focus when it appears. */
  isFirst?: boolean;
  isHidden(person: Person): boolean;
  onPick(person: Person): void;
};

/** Finds people by the beginning of their handle or name: a combobox, so the focus stays in its field. */
export function PeopleSearch({ api, label, isFirst, isHidden, onPick }: Props) {
  const id = useId();
  const [search, setSearch] = useState('');
  const [active, setActive] = useState(0);
  const { found, notice, isOf } = usePeople(api, search);
  const field = useRef<HTMLInputElement>(null);
  const people = found.filter((person) => !isHidden(person));
  const isOpen = people.length > 0;
  const optionId = (index: number) => `${id}-${index}`;

  useEffect(() => {
    if (isFirst) field.current?.focus();
  }, [isFirst]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list begins at its top
  useEffect(() => setActive(0), [found]);
  useEffect(() => {
    document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: 'nearest' });
  }, [id, active]);

  function pick(person: Person | undefined) {
    if (!person) return;
    onPick(person);
    setSearch('');
    field.current?.focus();
  }

  function onKey(event: KeyboardEvent) {
    if (isOfInputMethod(event.nativeEvent)) return;
    if (!isOpen || !['ArrowDown', 'ArrowUp', 'Enter', 'Escape'].includes(event.key)) return;
    event.preventDefault();
    // A text that has not been looked up yet must not pick a person from the results before it.
    if (event.key === 'Enter') pick(isOf(search) ? people[active] : undefined);
    // Only the list closes. The dialog stays open.
    else if (event.key === 'Escape') setSearch('');
    else setActive((active + (event.key === 'ArrowDown' ? 1 : people.length - 1)) % people.length);
  }

  return (
    <>
      <div className="field">
        <label htmlFor={id}>{label}</label>
        <input
          ref={field}
          id={id}
          type="text"
          role="combobox"
          aria-expanded={isOpen}
          aria-controls={isOpen ? `${id}-list` : undefined}
          aria-autocomplete="list"
          aria-activedescendant={isOpen ? optionId(active) : undefined}
          data-focus={isFirst || undefined}
          inputMode="search"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          onKeyDown={onKey}
          placeholder="Name or handle"
        />
      </div>
      {isOpen && (
        <div role="listbox" id={`${id}-list`} aria-label={label} className="people">
          {people.map((person, index) => (
            // biome-ignore lint/a11y/useFocusableInteractive: the field keeps the focus and names the active option
            // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys
            <div
              key={person.uuid}
              id={optionId(index)}
              role="option"
              aria-selected={index === active}
              className="person"
              // The focus stays in the field.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => pick(person)}
            >
              <Avatar name={person.display_name} tone={person.tone} size="head" />
              <span className="person-name">
                <bdi>{person.display_name}</bdi>
                <span className="quiet">
                  <bdi>@{person.handle}</bdi>
                </span>
              </span>
            </div>
          ))}
        </div>
      )}
      <p role="status" className="quiet">
        {notice}
      </p>
    </>
  );
}

const searchAfterMs = 150;

const wantedOf = (search: string) => search.trim().replace(/^@/, '');
const nothing = { wanted: '', found: [] as Person[], notice: '' };

function usePeople(api: Api, search: string) {
  const [result, setResult] = useState(nothing);
  useEffect(() => {
    const wanted = wantedOf(search);
    if (wanted === '') return setResult(nothing);
    let isCurrent = true;
    const timer = setTimeout(async () => {
      try {
        const found = await api.searchPeople(wanted);
        if (isCurrent) setResult({ wanted, found, notice: found.length === 0 ? 'No people found.' : '' });
      } catch (error) {
        if (isCurrent) setResult({ ...nothing, wanted, notice: explain(error) });
      }
    }, searchAfterMs);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [api, search]);
  return { ...result, isOf: (text: string) => wantedOf(text) === result.wanted };
}

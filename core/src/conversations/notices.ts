import { isolate } from '@parley/contract/direction';
import type { Person } from '../log/entries.ts';
import type { Role } from '../log/members.ts';

/*
 * The texts of membership entries. Names and titles are isolated, so that their writing direction does not affect the
 * words around them.
 */

export const groupCreated = (actor: Person, title: string) =>
  `${nameOf(actor)} created the group “${isolate(title)}”`;

export const groupRenamed = (actor: Person, title: string) =>
  `${nameOf(actor)} renamed the group to “${isolate(title)}”`;

export const membersAdded = (actor: Person, added: Person[]) => `${nameOf(actor)} added ${namesOf(added)}`;

export const memberRemoved = (actor: Person, person: Person) =>
  person.uuid === actor.uuid
    ? `${nameOf(actor)} left the group`
    : `${nameOf(actor)} removed ${nameOf(person)}`;

export function roleChanged(actor: Person, person: Person, role: Role): string {
  const name = person.uuid === actor.uuid ? 'themselves' : nameOf(person);
  return `${nameOf(actor)} made ${name} ${role === 'admin' ? 'an admin' : 'a member'}`;
}

const nameOf = ({ display_name }: Person) => isolate(display_name);

function namesOf(people: Person[]): string {
  const names = people.slice(0, 3).map(nameOf);
  const more = people.length - names.length;
  return new Intl.ListFormat('en').format(more > 0 ? [...names, `${more} more`] : names);
}

/** A transaction holds 100 items: entry, group, and two for each person. */
export const maxPeoplePerTransaction = 48;
export const maxGroupMembers = 1_000;

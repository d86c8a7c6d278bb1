/** Creates conversations, changes groups, and reads the details of a conversation. */
export type { Roster } from './change-group.ts';
export { type CreateDirect, createDirect } from './create-direct.ts';
export { type Create, create } from './create-group.ts';
export { type Details, type GetInput, get } from './details.ts';
export { maxGroupMembers, maxPeoplePerTransaction } from './limits.ts';
export { addMembers, removeMember, rename, setRole } from './membership.ts';

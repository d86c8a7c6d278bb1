import { type Operation, text } from '../operation.ts';

export const globalSignOut: Operation = async ({ tokens }, request) => {
  await tokens.revokeAll(await tokens.verify(text(request, 'AccessToken')));
  return {};
};

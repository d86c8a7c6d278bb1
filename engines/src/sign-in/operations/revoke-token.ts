import { SignInError } from '../errors.ts';
import { checkClient, type Operation, text } from '../operation.ts';

/** A token that is no longer there is revoked already (RFC 7009). */
export const revokeToken: Operation = async (signIn, request) => {
  checkClient(signIn, request);
  const token = text(request, 'Token');
  const isRevoked = await signIn.tokens.revoke(token);
  if (!isRevoked && token.split('.').length === 3)
    throw new SignInError('UnsupportedTokenTypeException', 'Unsupported token type');
  return {};
};

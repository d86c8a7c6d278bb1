import { SignInError } from '../errors.ts';
import { checkClient, type Operation, text } from '../operation.ts';

/** An unknown token counts as revoked already (RFC 7009). */
export const revokeToken: Operation = async (signIn, request) => {
  checkClient(signIn, request);
  const token = text(request, 'Token');
  const isRevoked = await signIn.tokens.revoke(token);
  if (!isRevoked && token.split('.').length === 3)
    throw new SignInError('UnsupportedTokenTypeException', 'Unsupported token type');
  return {};
};

import { notAuthorized, SignInError } from '../errors.ts';
import { type Operation, type Request, text } from '../operation.ts';
import { checkPassword } from '../password-policy.ts';
import type { Attribute } from '../stored-user.ts';
import { initiateAuth } from './initiate-auth.ts';

/* Operations that cognito-local performs after the request was authorized here. */

/** Operations with an access token. It is verified here, because cognito-local only decodes it. */
const own =
  (name: string): Operation =>
  async ({ tokens, users, cognitoLocal }, request) => {
    await tokens.verify(text(request, 'AccessToken'));
    return users.inTurn(() => cognitoLocal.call(name, request));
  };

/** Operations of an operator. On AWS they need credentials; here everybody who reaches the port may call them. */
const administrative =
  (name: string): Operation =>
  async ({ users, cognitoLocal, policy }, request) => {
    for (const member of ['Password', 'TemporaryPassword'])
      if (request[member] !== undefined) checkPassword(policy, request[member]);
    const Username = request.Username && (await users.find(request.Username))?.Username;
    if (name === 'AdminCreateUser' && Username)
      throw new SignInError('UsernameExistsException', 'User account already exists');
    const named = Username ? { ...request, Username } : request;
    return users.inTurn(() => cognitoLocal.call(name, { DesiredDeliveryMediums: ['EMAIL'], ...named }));
  };

const updateUserAttributes: Operation = async (signIn, request) => {
  const user = await signIn.tokens.verify(text(request, 'AccessToken'));
  const attributes = attributesOf(request);
  if (attributes.some(({ Name }) => Name.endsWith('_verified')))
    throw notAuthorized('A client attempted to write unauthorized attribute');
  const other = await signIn.users.find(attributes.find(({ Name }) => Name === 'email')?.Value);
  if (other && other.Username !== user.Username)
    throw new SignInError('AliasExistsException', 'An account with the given email already exists.');
  return own('UpdateUserAttributes')(signIn, request);
};

const attributesOf = ({ UserAttributes }: Request) =>
  (Array.isArray(UserAttributes) ? UserAttributes : []) as Attribute[];

const adminUserGlobalSignOut: Operation = async ({ users, tokens }, request) => {
  const user = await users.find(request.Username);
  if (!user) throw new SignInError('UserNotFoundException', 'User does not exist.');
  await tokens.revokeAll(user);
  return {};
};

const ownNames = [
  'GetUser',
  'DeleteUser',
  'DeleteUserAttributes',
  'GetUserAttributeVerificationCode',
  'VerifyUserAttribute',
];
const administrativeNames = [
  'AdminConfirmSignUp',
  'AdminCreateUser',
  'AdminDeleteUser',
  'AdminDeleteUserAttributes',
  'AdminDisableUser',
  'AdminEnableUser',
  'AdminGetUser',
  'AdminSetUserPassword',
  'AdminUpdateUserAttributes',
  'DescribeUserPool',
  'DescribeUserPoolClient',
  'ListUserPools',
  'ListUserPoolClients',
  'ListUsers',
];

export const passedOn: Record<string, Operation> = {
  ...Object.fromEntries(ownNames.map((name) => [name, own(name)])),
  ...Object.fromEntries(administrativeNames.map((name) => [name, administrative(name)])),
  UpdateUserAttributes: updateUserAttributes,
  AdminInitiateAuth: initiateAuth,
  AdminUserGlobalSignOut: adminUserGlobalSignOut,
};

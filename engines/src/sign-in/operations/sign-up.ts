import { randomUUID } from 'node:crypto';
import { deliveryTo, newCode } from '../codes.ts';
import { invalidParameter, notAuthorized, SignInError } from '../errors.ts';
import { checkClient, type Operation, type Request, text } from '../operation.ts';
import { checkPassword } from '../password-policy.ts';
import { makeVerifier } from '../srp.ts';
import type { Attribute } from '../stored-user.ts';

const email = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
/** Attributes that a person may set themselves. */
const writable =
  /^(?:preferred_username|name|email|custom:\w+|given_name|family_name|nickname|locale|zoneinfo|picture)$/;

export const signUp: Operation = async (signIn, request) => {
  checkClient(signIn, request);
  const name = text(request, 'Username');
  if (!email.test(name)) throw invalidParameter('Username should be an email.');
  const attributes = attributesOf(request, name);
  checkPassword(signIn.policy, request.Password);
  if (await signIn.users.find(name)) throw usernameExists();
  const sub = randomUUID();
  const Attributes = [{ Name: 'sub', Value: sub }, ...attributes];
  await signIn.cognitoLocal.signingUp({
    clientId: signIn.clientId,
    source: 'PreSignUp_SignUp',
    username: sub,
    userPoolId: signIn.userPoolId,
    userAttributes: Attributes,
  });
  const isAdded = await signIn.users.add(name, {
    Username: sub,
    Attributes,
    Enabled: true,
    UserStatus: 'UNCONFIRMED',
    UserCreateDate: new Date(),
    UserLastModifiedDate: new Date(),
    Verifier: makeVerifier(signIn.users.identityOf(sub), text(request, 'Password')),
    Code: newCode(signIn, 'sign-up'),
    Sessions: [],
  });
  // Another sign-up with this address came first while the Lambda ran.
  if (!isAdded) throw usernameExists();
  return { UserConfirmed: false, UserSub: sub, ...deliveryTo(name) };
};

const usernameExists = () =>
  new SignInError('UsernameExistsException', 'An account with the given email already exists.');

function attributesOf({ UserAttributes = [] }: Request, name: string): Attribute[] {
  const given = (Array.isArray(UserAttributes) ? UserAttributes : []) as Attribute[];
  if (!given.every(({ Name }) => writable.test(Name)))
    throw notAuthorized('A client attempted to write unauthorized attribute');
  const others = given.filter(({ Name }) => Name !== 'email');
  const own = given.find(({ Name }) => Name === 'email')?.Value ?? name;
  if (own.toLowerCase() !== name.toLowerCase())
    throw invalidParameter('The email attribute differs from the username.');
  return [{ Name: 'email', Value: name }, ...others];
}

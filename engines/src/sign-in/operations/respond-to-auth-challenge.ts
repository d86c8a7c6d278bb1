import { afterPassword } from '../after-password.ts';
import type { Challenge } from '../challenges.ts';
import { notAuthorized, wrongPassword } from '../errors.ts';
import { checkClient, type Operation, parameter, type SignIn, texts } from '../operation.ts';
import { checkPassword } from '../password-policy.ts';
import { makeVerifier, provesPassword } from '../srp.ts';

type Answers = Record<string, string>;

export const respondToAuthChallenge: Operation = async (signIn, request) => {
  checkClient(signIn, request);
  const answers = texts(request, 'ChallengeResponses');
  const isProof = request.ChallengeName === 'PASSWORD_VERIFIER';
  const id = isProof ? parameter(answers, 'PASSWORD_CLAIM_SECRET_BLOCK') : String(request.Session);
  const challenge = signIn.challenges.take(id);
  if (!challenge || challenge.name !== request.ChallengeName)
    throw isProof ? wrongPassword() : notAuthorized('Invalid session for the user.');
  return challenge.name === 'PASSWORD_VERIFIER'
    ? prove(signIn, challenge, answers)
    : setPassword(signIn, challenge.username, answers);
};

async function prove(
  signIn: SignIn,
  { username, exchange }: Extract<Challenge, { name: 'PASSWORD_VERIFIER' }>,
  answers: Answers,
) {
  const signature = parameter(answers, 'PASSWORD_CLAIM_SIGNATURE');
  const isRight = provesPassword(exchange, parameter(answers, 'TIMESTAMP'), signature);
  const user = await signIn.users.find(username);
  if (!isRight || !user) throw wrongPassword();
  return afterPassword(signIn, user);
}

async function setPassword(signIn: SignIn, username: string, answers: Answers) {
  const password = parameter(answers, 'NEW_PASSWORD');
  checkPassword(signIn.policy, password);
  const user = await signIn.users.update(username, (current) => ({
    ...current,
    UserStatus: 'CONFIRMED',
    Verifier: makeVerifier(signIn.users.identityOf(username), password),
  }));
  if (!user) throw wrongPassword();
  return afterPassword(signIn, user);
}

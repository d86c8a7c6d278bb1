import { afterPassword } from '../after-password.ts';
import { invalidParameter, wrongPassword } from '../errors.ts';
import { somebody } from '../nobody.ts';
import { checkClient, type Operation, parameter, type SignIn, texts } from '../operation.ts';
import { beginExchange, matches } from '../srp.ts';

type Flow = (signIn: SignIn, parameters: Record<string, string>) => Promise<object>;

export const initiateAuth: Operation = async (signIn, request) => {
  checkClient(signIn, request);
  const flow = flows.get(String(request.AuthFlow));
  if (!flow) throw invalidParameter('Initiate Auth method not supported.');
  return flow(signIn, texts(request, 'AuthParameters'));
};

const byPassword: Flow = async (signIn, parameters) => {
  const name = parameter(parameters, 'USERNAME');
  const password = parameter(parameters, 'PASSWORD');
  const { user, username, verifier } = await somebody(signIn, name);
  if (!matches(signIn.users.identityOf(username), password, verifier) || !user) throw wrongPassword();
  return afterPassword(signIn, user);
};

const bySrp: Flow = async (signIn, parameters) => {
  const name = parameter(parameters, 'USERNAME');
  const { user, username, verifier } = await somebody(signIn, name);
  const exchange = beginExchange(signIn.users.identityOf(username), verifier, parameter(parameters, 'SRP_A'));
  if (!exchange) throw invalidParameter('SRP_A is not a number of the group.');
  const { secretBlock, B } = exchange;
  signIn.challenges.begin({ name: 'PASSWORD_VERIFIER', username: user?.Username, exchange }, secretBlock);
  return {
    ChallengeName: 'PASSWORD_VERIFIER',
    ChallengeParameters: {
      SALT: verifier.salt,
      SRP_B: B.toString(16),
      SECRET_BLOCK: secretBlock,
      USERNAME: username,
      USER_ID_FOR_SRP: username,
    },
  };
};

const byRefreshToken: Flow = async ({ tokens }, parameters) => ({
  ChallengeParameters: {},
  AuthenticationResult: await tokens.refresh(parameter(parameters, 'REFRESH_TOKEN')),
});

/** A map, because a plain object would have a flow `constructor`. */
const flows: ReadonlyMap<string, Flow> = new Map(
  Object.entries({
    USER_PASSWORD_AUTH: byPassword,
    ADMIN_USER_PASSWORD_AUTH: byPassword,
    USER_SRP_AUTH: bySrp,
    REFRESH_TOKEN_AUTH: byRefreshToken,
    REFRESH_TOKEN: byRefreshToken,
  }),
);

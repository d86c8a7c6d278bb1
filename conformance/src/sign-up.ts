import { randomBytes } from 'node:crypto';
import type { Json } from './client.ts';

/**
 * Signs up a new person where the confirmation code is known beforehand (the embedded sign-in), and signs them in.
 * Returns an access token. Throws what the sign-in answers.
 */
export async function signUp(config: Json, code: string): Promise<string> {
  const { cognito_endpoint: endpoint, user_pool_client_id: ClientId } = config;
  const id = randomBytes(6).toString('hex');
  const [Username, Password] = [`conformance-${id}@example.com`, `Conformance-${id}-1`];
  const call = async (operation: string, body: object): Promise<Json> => {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-amz-json-1.1',
        'X-Amz-Target': `AWSCognitoIdentityProviderService.${operation}`,
      },
      body: JSON.stringify({ ClientId, ...body }),
    });
    const answer: Json = await response.json();
    if (!response.ok) throw new Error(`${operation} answers ${answer.__type}: ${answer.message}`);
    return answer;
  };
  const attributes = { email: Username, preferred_username: `conformance-${id}`, name: `Conformance ${id}` };
  const UserAttributes = Object.entries(attributes).map(([Name, Value]) => ({ Name, Value }));
  await call('SignUp', { Username, Password, UserAttributes });
  await call('ConfirmSignUp', { Username, ConfirmationCode: code });
  const AuthParameters = { USERNAME: Username, PASSWORD: Password };
  const { AuthenticationResult } = await call('InitiateAuth', {
    AuthFlow: 'USER_PASSWORD_AUTH',
    AuthParameters,
  });
  return AuthenticationResult.AccessToken;
}

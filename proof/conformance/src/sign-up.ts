import { randomBytes } from 'node:crypto';
import { fetchNamed, type Json } from './client.ts';

export type NewPerson = { email: string; password: string };

/** The sign-in service in the client configuration of a deployment. Calls throw its errors. */
export function createSignIn({ cognito_endpoint: endpoint, user_pool_client_id: ClientId }: Json) {
  async function call(operation: string, body: object): Promise<Json> {
    const response = await fetchNamed(endpoint, {
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
  }

  return {
    /** Signs up a new person. The confirmation code must be known beforehand, as with the embedded sign-in. */
    async signUp(code: string): Promise<NewPerson> {
      const id = randomBytes(6).toString('hex');
      const [email, password] = [`conformance-${id}@example.com`, `Conformance-${id}-1`];
      const attributes = { email, preferred_username: `conformance-${id}`, name: `Conformance ${id}` };
      const UserAttributes = Object.entries(attributes).map(([Name, Value]) => ({ Name, Value }));
      await call('SignUp', { Username: email, Password: password, UserAttributes });
      await call('ConfirmSignUp', { Username: email, ConfirmationCode: code });
      return { email, password };
    },
    /** Signs a person in and returns the access token. */
    async tokenOf({ email, password }: NewPerson): Promise<string> {
      const AuthParameters = { USERNAME: email, PASSWORD: password };
      const { AuthenticationResult } = await call('InitiateAuth', {
        AuthFlow: 'USER_PASSWORD_AUTH',
        AuthParameters,
      });
      return AuthenticationResult.AccessToken;
    },
  };
}

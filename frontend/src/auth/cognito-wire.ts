/* The part of the Cognito API that the sign-in and its SRP step share. */

export type AuthenticationResult = { AccessToken: string; RefreshToken?: string; ExpiresIn: number };
export type AuthAnswer = {
  AuthenticationResult?: AuthenticationResult;
  ChallengeName?: string;
  ChallengeParameters?: Record<string, string>;
  Session?: string;
};
export type Call = <T>(operation: string, body: object) => Promise<T>;

import { clientConfigSchema } from '@parley/contract/client-config';
import { bioMaxChars, displayNameMaxChars, titleMaxChars } from '@parley/contract/limits';
import { maxGroupMembers } from '@parley/core/conversations/message-groups';
import { isLoopback } from '../auth/tokens.ts';
import type { Context } from '../context.ts';
import { openRoute } from '../http/route.ts';

export const clientConfigRoutes = ({ config }: Context) => [
  openRoute({
    operationId: 'getClientConfig',
    method: 'get',
    path: '/api/client-config',
    summary: 'Settings that a client needs before it signs in',
    response: clientConfigSchema,
    handle: () => ({
      region: config.AWS_REGION,
      user_pool_id: config.COGNITO_USER_POOL_ID,
      user_pool_client_id: config.COGNITO_USER_POOL_CLIENT_ID,
      ...signIn(config),
      ...developmentCode(config),
      password_policy: { min_length: config.PASSWORD_MIN_LENGTH, classes: config.PASSWORD_CLASSES },
      realtime_path: '/api/realtime',
      limits: {
        message_max_chars: config.MESSAGE_MAX_CHARS,
        title_max_chars: titleMaxChars,
        display_name_max_chars: displayNameMaxChars,
        bio_max_chars: bioMaxChars,
        group_max_members: maxGroupMembers,
      },
    }),
  }),
];

/** Plain passwords are allowed only on this machine. The sign-in of bin/start, which has a code, supports SRP too. */
function signIn(config: Context['config']) {
  const { AWS_REGION, AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: endpoint } = config;
  if (!endpoint)
    return { cognito_endpoint: `https://cognito-idp.${AWS_REGION}.amazonaws.com`, auth_flows: [srp] };
  if (!isLoopback(endpoint)) return { cognito_endpoint: endpoint, auth_flows: [srp] };
  return {
    cognito_endpoint: endpoint,
    auth_flows: config.COGNITO_DEVELOPMENT_CODE ? [srp, password] : [password],
  };
}

/** Only a sign-in on this machine has a fixed, public code. Cognito sends a new code by mail each time. */
function developmentCode(config: Context['config']) {
  const endpoint = config.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER;
  const isLocal = endpoint !== '' && isLoopback(endpoint);
  return isLocal && config.COGNITO_DEVELOPMENT_CODE
    ? { development_code: config.COGNITO_DEVELOPMENT_CODE }
    : {};
}

const srp = 'USER_SRP_AUTH' as const;
const password = 'USER_PASSWORD_AUTH' as const;

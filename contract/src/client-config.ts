import { z } from './zod.ts';

const limits = z.object({
  message_max_chars: z.int(),
  title_max_chars: z.int(),
  display_name_max_chars: z.int(),
  bio_max_chars: z.int(),
  group_max_members: z.int(),
});

const passwordPolicy = z.object({
  min_length: z.int(),
  classes: z.array(z.enum(['lowercase', 'uppercase', 'digit', 'symbol'])),
});

export const clientConfigSchema = z
  .object({
    region: z.string(),
    user_pool_id: z.string(),
    user_pool_client_id: z.string(),
    cognito_endpoint: z.string(),
    auth_flows: z.array(z.enum(['USER_SRP_AUTH', 'USER_PASSWORD_AUTH'])),
    /** The code that confirms any sign-up. Only set by a local sign-in, which sends no mail. */
    development_code: z.string().optional(),
    password_policy: passwordPolicy,
    realtime_path: z.string(),
    limits: limits.openapi({ description: 'Texts are measured in UTF-16 units' }),
  })
  .openapi('ClientConfig');
export type ClientConfig = z.output<typeof clientConfigSchema>;

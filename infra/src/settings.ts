import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** What an account has to tell: infra/settings.json (see settings.example.json). */
const schema = z.strictObject({
  /** Prefix of every name; two systems in one account differ in it. */
  name: z.string().regex(/^[a-z][a-z0-9-]{1,20}$/),
  account: z.string().regex(/^\d{12}$/),
  region: z.string().min(1),
  /** Two or more zones of the region. */
  availabilityZones: z.array(z.string()).min(2),
  /** Where the chat is served; `api.` in front of it is the load balancer. */
  domain: z.string().min(1),
  hostedZoneId: z.string().min(1),
  hostedZoneName: z.string().min(1),
  /** In the region, for the load balancer; and in us-east-1, for CloudFront. */
  certificateArn: z.string().startsWith('arn:aws:acm:'),
  edgeCertificateArn: z.string().startsWith('arn:aws:acm:us-east-1:'),
  alarmEmail: z.email(),
  monthlyBudgetUsd: z.number().positive(),
  /** One for each zone outlives the loss of a zone; one in all costs less. */
  natGateways: z.int().min(1),
  tasks: z.object({ min: z.int().min(1), max: z.int().min(1), cpu: z.int(), memoryMiB: z.int() }),
  /** Sockets a task holds before another one starts. */
  socketsPerTask: z.int().min(1),
  /** Aurora capacity units; above zero, for a database that sleeps wakes too late for a sign-up (Cognito waits 5 s). */
  database: z.object({
    minCapacity: z.number().min(0.5),
    maxCapacity: z.number().min(1),
    readers: z.int().min(0),
  }),
  /**
   * Least severe line of the tasks and the functions. `debug` follows messages, and costs by the line; less than `info`
   * would leave out the figures that tasks are scaled by.
   */
  logLevel: z.enum(['info', 'debug']).default('info'),
  /** Collector of the tasks' traces, on the one port that they reach: 443. The functions' traces go to X-Ray. */
  otlpEndpoint: z
    .url({ protocol: /^https$/ })
    .refine((url) => new URL(url).port === '', 'expects port 443')
    .optional(),
});

export type Settings = z.output<typeof schema>;

/** Throws a line for each setting that is wrong. */
export function readSettings(path: string | URL): Settings {
  const result = schema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (!result.success) throw new Error(`${path} is wrong:\n${z.prettifyError(result.error)}`);
  return result.data;
}

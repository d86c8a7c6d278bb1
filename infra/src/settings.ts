import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** The settings of a deployment: infra/settings.json (see settings.example.json). */
const schema = z.strictObject({
  /** Prefix of every name, which distinguishes two systems in one account. */
  name: z.string().regex(/^[a-z][a-z0-9-]{1,20}$/),
  account: z.string().regex(/^\d{12}$/),
  region: z.string().min(1),
  /** Two or more zones of the region. */
  availabilityZones: z.array(z.string()).min(2),
  /** The domain of the chat. The load balancer has the prefix `api.`. */
  domain: z.string().min(1),
  hostedZoneId: z.string().min(1),
  hostedZoneName: z.string().min(1),
  /** A certificate in the region for the load balancer, and one in us-east-1 for CloudFront. */
  certificateArn: z.string().startsWith('arn:aws:acm:'),
  edgeCertificateArn: z.string().startsWith('arn:aws:acm:us-east-1:'),
  alarmEmail: z.email(),
  monthlyBudgetUsd: z.number().positive(),
  /** One for each zone survives the loss of a zone. A single one costs less. */
  natGateways: z.int().min(1),
  tasks: z.object({ min: z.int().min(1), max: z.int().min(1), cpu: z.int(), memoryMiB: z.int() }),
  /** Sockets a task holds before another one starts. */
  socketsPerTask: z.int().min(1),
  /** Aurora capacity units. The minimum is above zero, because a paused database wakes too late for a sign-up. */
  database: z.object({
    minCapacity: z.number().min(0.5),
    maxCapacity: z.number().min(1),
    readers: z.int().min(0),
  }),
  /**
   * Lowest severity that tasks and functions log. `debug` traces messages, and costs by the line. Autoscaling needs the
   * figures in the lines of `info`.
   */
  logLevel: z.enum(['info', 'debug']).default('info'),
  /** Collector of the tasks' traces, on port 443, the only one that they reach. The functions send traces to X-Ray. */
  otlpEndpoint: z
    .url({ protocol: /^https$/ })
    .refine((url) => new URL(url).port === '', 'expects port 443')
    .optional(),
});

export type Settings = z.output<typeof schema>;

/** Throws a line for each setting that is wrong. */
export function readSettings(path: string | URL): Settings {
  const result = schema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (!result.success) throw new Error(`${path} is invalid:\n${z.prettifyError(result.error)}`);
  return result.data;
}

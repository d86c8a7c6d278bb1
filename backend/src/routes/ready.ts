import type { Context } from '../context.ts';
import { openRoute } from '../route.ts';
import { z } from '../zod.ts';

const part = z.object({ status: z.enum(['ok', 'unreachable']) });

export const readinessSchema = z
  .object({
    status: z.enum(['ok', 'degraded', 'starting', 'draining', 'unavailable']),
    table: part,
    postgres: part,
    stream: z.object({
      status: z.enum(['ok', 'behind', 'drifting', 'unreachable', 'unknown']),
      lag_ms: z.number().nullable(),
      records_behind: z.number().nullable(),
      dead_letters: z.number().nullable(),
      drifting_conversations: z.number().nullable(),
    }),
  })
  .openapi('Readiness');

const unreadyStatuses = new Set(['starting', 'draining', 'unavailable']);

export const readyRoutes = ({ readiness }: Context) => [
  openRoute({
    method: 'get',
    path: '/api/ready',
    summary: 'Whether requests should be sent here; 503 with the same body while not',
    response: readinessSchema,
    statuses: [503],
    async handle({ res }) {
      const report = await readiness.report();
      if (unreadyStatuses.has(report.status)) res.status(503);
      return report;
    },
  }),
];

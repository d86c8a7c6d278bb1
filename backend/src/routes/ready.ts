import type { Context } from '../context.ts';
import { openRoute } from '../http/route.ts';
import { z } from '../http/zod.ts';

const part = <S extends string>(statuses: readonly S[]) => z.object({ status: z.enum(statuses) });

export const readinessSchema = z
  .object({
    status: z.enum(['ok', 'degraded', 'starting', 'draining', 'unavailable']),
    table: part(['ok', 'read_only', 'unreachable']),
    postgres: part(['ok', 'failing', 'unreachable']),
    stream: z.object({
      status: z.enum(['ok', 'behind', 'drifting', 'unreachable', 'unknown']),
      lag_ms: z.number().nullable(),
      records_behind: z.number().nullable(),
      dead_letters: z.number().nullable(),
      drifting_conversations: z.number().nullable(),
    }),
    sign_in: part(['ok', 'unreachable', 'unknown']),
    requests: part(['ok', 'full']),
  })
  .openapi('Readiness');

const unreadyStatuses = new Set(['starting', 'draining', 'unavailable']);

export const readyRoutes = ({ readiness }: Context) => [
  openRoute({
    operationId: 'getReadiness',
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

import { readinessSchema } from '@parley/contract/readiness';
import type { Context } from '../context.ts';
import { openRoute } from '../http/route.ts';

const unreadyStatuses = new Set(['starting', 'draining', 'unavailable']);

export const readyRoutes = ({ readiness }: Context) => [
  openRoute({
    operationId: 'getReadiness',
    method: 'get',
    path: '/api/ready',
    summary: 'Whether this node wants requests; answers 503 with the same body if not',
    response: readinessSchema,
    statuses: [503],
    async handle({ res }) {
      const report = await readiness.report();
      if (unreadyStatuses.has(report.status)) res.status(503);
      return report;
    },
  }),
];

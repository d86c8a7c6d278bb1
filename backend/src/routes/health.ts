import { z } from '@parley/contract/zod';
import { openRoute } from '../http/route.ts';

export const healthRoutes = () => [
  openRoute({
    operationId: 'getHealth',
    method: 'get',
    path: '/api/health-check',
    summary: 'Whether the process answers',
    response: z.object({ success: z.boolean(), ver: z.int() }),
    handle: () => ({ success: true, ver: 1 }),
  }),
];

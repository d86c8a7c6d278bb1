import { z } from './zod.ts';

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
export type Readiness = z.output<typeof readinessSchema>;

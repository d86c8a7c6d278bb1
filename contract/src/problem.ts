import { z } from './zod.ts';

/** The body of an error response if the caller accepts `application/problem+json`. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    errors: z.array(z.string()).min(1),
    instance: z.string(),
  })
  .openapi('Problem');
export type Problem = z.output<typeof problemSchema>;

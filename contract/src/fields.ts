import type { ErrorCode } from './errors.ts';
import { maxSeq } from './limits.ts';
import { isWellFormedName } from './names.ts';
import { isBlank } from './visible.ts';
import { z } from './zod.ts';

/** The code of a field that is missing (or null), or that has the wrong type. */
const absentOr = (absent: ErrorCode, wrong: ErrorCode) => (issue: { input?: unknown }) =>
  issue.input === undefined || issue.input === null ? absent : wrong;

type Text = { max: number; tooLong: ErrorCode; illFormed: ErrorCode };

/** Text is stored exactly as it was sent. Its length is measured in UTF-16 units. Lone surrogates are refused. */
const withLimits = (schema: z.ZodString, { max, tooLong, illFormed }: Text) =>
  schema
    .refine((value) => value.length <= max, tooLong)
    .refine((value) => value.isWellFormed(), illFormed)
    .openapi({ maxLength: max });

export const text = (limits: Text) =>
  withLimits(z.string({ error: 'body_invalid' satisfies ErrorCode }), limits);

export const nonBlankText = ({ blank, ...limits }: Text & { blank: ErrorCode }) => {
  const schema = z.string({ error: absentOr(blank, 'body_invalid') });
  return withLimits(schema.refine((value) => !isBlank(value), blank).openapi({ minLength: 1 }), limits);
};

/** A name or a title. A blank one gets only the code `blank`, even if something else is wrong too. */
export const nameText = (limits: Text & { blank: ErrorCode }) =>
  nonBlankText(limits).refine((value) => isBlank(value) || isWellFormedName(value), limits.illFormed);

/** Postgres cannot store U+0000. */
export const hasNoNul = (value: string) => !value.includes('\0');

export const handle = z
  .string({ error: absentOr('user_reciever_handle_blank', 'body_invalid') })
  .refine((value) => !isBlank(value), 'user_reciever_handle_blank' satisfies ErrorCode);

/** Uuids are compared by their lower-case text. */
export const uuid = z.guid().toLowerCase().openapi({ format: 'uuid' });
export const uuidParams = z.object({ uuid });

export const wellFormedKey = /^[\x20-\x7e]{1,128}$/;

/** The colour of a person's face, dealt at sign-up and kept. */
export const tone = z.int().min(1).max(10).nullable().openapi({
  description: 'The colour of the face; null if the person was erased or is not known at the moment',
});

export const time = z.iso.datetime();
export const seq = z.int().min(0).max(maxSeq);
export const seqOr = (code: ErrorCode) => z.int(code).min(0, code).max(maxSeq, code);
export const count = z.int().min(0);

/** A whole number in a query. Only digits are accepted, because coercion would accept an empty or hexadecimal text. */
const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,12}$/)
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .openapi({ type: 'integer', minimum: min, maximum: max });

export const limit = (byDefault: number) =>
  wholeNumber(1, 100)
    .default(byDefault)
    .openapi({ type: 'integer', minimum: 1, maximum: 100, default: byDefault });
export const seqInQuery = wholeNumber(0, maxSeq).optional();
export const cursor = z.string().optional();

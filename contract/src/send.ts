import type { ErrorCode } from './errors.ts';
import { nonBlankText, seqOr, uuid } from './fields.ts';
import { isBlank } from './visible.ts';
import { z } from './zod.ts';

export type SendBody = z.output<ReturnType<typeof sendBody>>;

const messageTooLong = (maxChars: number): ErrorCode => `message_exceed_max_chars_${maxChars}`;

/** Every code that an invalid body of a send can get. */
export const sendCodes = (maxChars: number): ErrorCode[] => [
  'message_blank',
  messageTooLong(maxChars),
  'message_not_well_formed',
  'message_group_uuid_blank',
  'message_group_uuid_invalid',
  'user_reciever_handle_blank',
  'known_seq_invalid',
];

/** A message and its address: `message_group_uuid`, or without one the person with this `handle`. */
export const sendBody = (maxChars: number) =>
  z
    .object({
      message: nonBlankText({
        max: maxChars,
        blank: 'message_blank',
        tooLong: messageTooLong(maxChars),
        illFormed: 'message_not_well_formed',
      }),
      message_group_uuid: z.string().nullish().openapi({ format: 'uuid' }),
      handle: z.string().nullish(),
      known_seq: seqOr('known_seq_invalid').nullish(),
    })
    .refine(isAddressed, alsoReport('message_group_uuid_blank'))
    .refine(isAddressedToSomebody, alsoReport('user_reciever_handle_blank'))
    .refine(isAddressWellFormed, alsoReport('message_group_uuid_invalid'))
    .openapi('Send');

/** Reports this code together with those of the message. By default zod would skip it if the message is invalid. */
const alsoReport = (error: ErrorCode) => ({
  error,
  when: ({ value }: { value: unknown }) =>
    typeof value === 'object' && value !== null && !Array.isArray(value),
});

export type Target = { messageGroupUuid: string } | { handle: string };

type Address = { message_group_uuid?: unknown; handle?: unknown };

const isAddressed = ({ message_group_uuid, handle }: Address) =>
  isGiven(message_group_uuid) || (handle !== undefined && handle !== null);

const isAddressedToSomebody = (address: Address) =>
  isGiven(address.message_group_uuid) || typeof address.handle !== 'string' || !isBlank(address.handle);

const isAddressWellFormed = ({ message_group_uuid }: Address) =>
  !isGiven(message_group_uuid) || uuid.safeParse(message_group_uuid).success;

const isGiven = (text: unknown): text is string => typeof text === 'string' && !isBlank(text);

/** The target of a send. If both are given, the conversation counts. */
export function targetOf({ message_group_uuid, handle }: SendBody): Target {
  if (isGiven(message_group_uuid)) return { messageGroupUuid: message_group_uuid.toLowerCase() };
  return { handle: handle ?? '' };
}

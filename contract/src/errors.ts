/** The HTTP status of a code, and its text in a frame. Without a text, the code's own words are used. */
type Meaning = { status: number; text?: string };

/** Every code that a caller may receive, except those that name a limit. */
export const errors = {
  json_invalid: { status: 400, text: 'A frame is a JSON text' },
  query_invalid: { status: 400 },
  path_invalid: { status: 400 },
  cursor_invalid: { status: 400 },
  request_invalid: { status: 400 },
  frame_invalid: {
    status: 400,
    text: 'A frame is an object with id (1 to 64 characters), action and payload',
  },
  action_unknown: { status: 400, text: 'There is no such action' },
  generic_401: { status: 401, text: 'Authenticate first, with a valid access token' },
  generic_403: { status: 403 },
  fresh_sign_in_required: { status: 403 },
  profile_missing: { status: 403 },
  not_found: { status: 404 },
  user_not_found: { status: 404 },
  message_group_not_found: { status: 404, text: 'There is no such conversation, or you are not a member' },
  member_not_found: { status: 404 },
  method_not_allowed: { status: 405 },
  request_timeout: { status: 408 },
  idempotency_conflict: { status: 409, text: 'This key was used with another message' },
  payload_too_large: { status: 413 },
  body_invalid: { status: 422 },
  message_blank: { status: 422 },
  message_not_well_formed: { status: 422 },
  message_group_uuid_blank: { status: 422 },
  message_group_uuid_invalid: { status: 422 },
  user_reciever_handle_blank: { status: 422 },
  user_reciever_handle_self: { status: 422 },
  display_name_blank: { status: 422 },
  title_blank: { status: 422 },
  text_not_well_formed: { status: 422 },
  handles_invalid: { status: 422 },
  role_invalid: { status: 422 },
  seq_invalid: { status: 422 },
  known_seq_invalid: { status: 422 },
  idempotency_key_invalid: { status: 422 },
  direct_conversation: { status: 422 },
  message_group_full: { status: 422 },
  last_admin: { status: 422 },
  rate_limited: { status: 429, text: 'Too many requests: wait for retry_after seconds' },
  too_many_connections: { status: 429, text: 'This person has too many sockets' },
  headers_too_large: { status: 431 },
  generic_500: { status: 500, text: 'Internal error' },
  busy: { status: 503, text: 'Try again in a moment' },
} as const satisfies Record<string, Meaning>;

/** The codes of texts that are too long. Each names the limit. */
export type LimitCode = `${'message' | 'display_name' | 'bio' | 'title'}_exceed_max_chars_${number}`;
export type ErrorCode = keyof typeof errors | LimitCode;

const meanings: Record<string, Meaning> = errors;
const meaningOf = (code: string) => (Object.hasOwn(meanings, code) ? meanings[code] : undefined);
const exceedsLimit: Meaning = { status: 422 };

export const isErrorCode = (text: string): text is ErrorCode =>
  meaningOf(text) !== undefined || /^\w+_exceed_max_chars_\d+$/.test(text);

export const statusOf = (code: ErrorCode): number => (meaningOf(code) ?? exceedsLimit).status;

/** The explanation that a frame carries, written for a developer. */
export const textOf = (code: ErrorCode): string => meaningOf(code)?.text ?? code.replaceAll('_', ' ');

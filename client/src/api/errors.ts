/** A refusal by the API. Status 0 means that no answer arrived. */
export class ApiError extends Error {
  readonly status: number;
  readonly codes: string[];
  readonly retryAfterMs: number;

  constructor(status: number, codes: string[], retryAfterMs = 0, options?: ErrorOptions) {
    super(codes.join(', '), options);
    this.status = status;
    this.codes = codes;
    this.retryAfterMs = retryAfterMs;
  }

  /**
   * Whether the same request may succeed later: no answer, an expired token, a request that arrived too slowly, too many
   * requests, or a server error.
   */
  get isTransient() {
    return this.status >= 500 || [0, 401, 408, 429].includes(this.status);
  }
}

const texts: Record<string, string> = {
  no_answer: 'Parley cannot be reached.',
  request_timeout: 'The connection is too slow. Try again.',
  busy: 'Parley is busy. Try again.',
  rate_limited: 'Too much at once. Wait a moment.',
  generic_403: 'Only admins of the group can do that.',
  fresh_sign_in_required: 'Sign in again before you delete your account.',
  generic_500: 'Something went wrong on the server.',
  profile_missing: 'This account has no profile here.',
  message_group_not_found: 'This conversation does not exist, or you are not in it.',
  user_not_found: 'There is nobody with this handle.',
  member_not_found: 'This person is not in the group.',
  user_reciever_handle_self: 'You cannot write to yourself.',
  message_blank: 'The message is empty.',
  message_not_well_formed: 'The message contains an invalid character.',
  text_not_well_formed: 'The text contains an invalid character.',
  idempotency_conflict: 'Another message was sent with the same key.',
  title_blank: 'A group needs a title.',
  message_group_full: 'The group is full.',
  display_name_blank: 'A name is needed.',
};

export function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  const [code = ''] = error.codes;
  const limit = /_exceed_max_chars_(\d+)$/.exec(code)?.[1];
  if (limit) return `Too long: at most ${limit} characters.`;
  return texts[code] ?? `Parley refused the request (${code || error.status}).`;
}

/** Every code a caller may be told. The edges (HTTP, frames) map a code to a status in one table each. */
export type ErrorCode =
  | 'message_blank'
  | `message_exceed_max_chars_${number}`
  | 'message_not_well_formed'
  | 'message_group_uuid_blank'
  | 'message_group_uuid_invalid'
  | 'user_reciever_handle_blank'
  | 'user_reciever_handle_self'
  | 'display_name_blank'
  | `display_name_exceed_max_chars_${number}`
  | `bio_exceed_max_chars_${number}`
  | 'title_blank'
  | `title_exceed_max_chars_${number}`
  | 'text_not_well_formed'
  | 'handles_invalid'
  | 'role_invalid'
  | 'seq_invalid'
  | 'known_seq_invalid'
  | 'body_invalid'
  | 'query_invalid'
  | 'path_invalid'
  | 'cursor_invalid'
  | 'json_invalid'
  | 'payload_too_large'
  | 'headers_too_large'
  | 'request_invalid'
  | 'request_timeout'
  | 'frame_invalid'
  | 'action_unknown'
  | 'method_not_allowed'
  | 'idempotency_key_invalid'
  | 'idempotency_conflict'
  | 'user_not_found'
  | 'message_group_not_found'
  | 'member_not_found'
  | 'direct_conversation'
  | 'message_group_full'
  | 'last_admin'
  | 'profile_missing'
  | 'not_found'
  | 'rate_limited'
  | 'too_many_connections'
  | 'busy'
  | 'generic_401'
  | 'generic_403'
  | 'fresh_sign_in_required'
  | 'generic_500';

/** An outcome the caller caused or must handle. Anything else that is thrown is a bug and answers `generic_500`. */
export class AppError extends Error {
  readonly codes: ErrorCode[];
  constructor(codes: ErrorCode | ErrorCode[], options?: ErrorOptions) {
    const list = Array.isArray(codes) ? codes : [codes];
    super(list.join(', '), options);
    this.name = 'AppError';
    this.codes = list;
  }
}

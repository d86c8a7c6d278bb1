export { ApiError, explain } from './api/errors.ts';
export { createApi, createHandleCheck, readClientConfig } from './api/requests.ts';
export type * from './api/types.ts';
export { createConnection } from './live/connection.ts';
export type { LiveEvent } from './live/events.ts';
export { createMemoryStorage, type KeyValueStorage } from './storage.ts';
export { createChat } from './sync/chat.ts';
export { fixedToken, TokenError, type TokenSource } from './tokens.ts';

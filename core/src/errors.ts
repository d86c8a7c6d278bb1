import type { ErrorCode } from '@parley/contract/errors';

export type { ErrorCode } from '@parley/contract/errors';

/**
 * An outcome that the caller caused or must handle. Anything else that is thrown is a bug and answers `generic_500`.
 */
export class AppError extends Error {
  readonly codes: ErrorCode[];
  constructor(codes: ErrorCode | ErrorCode[], options?: ErrorOptions) {
    const list = Array.isArray(codes) ? codes : [codes];
    super(list.join(', '), options);
    this.name = 'AppError';
    this.codes = list;
  }
}

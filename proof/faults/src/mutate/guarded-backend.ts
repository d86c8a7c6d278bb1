import type { Row } from './guarded-files.ts';

/** Mutations of files in backend/ that the tests of the same name detect. */
export const guardedBackendFiles: Record<string, Row[]> = {
  'backend/src/http/route.ts': [
    [
      'a body reports one code alone',
      'throw new AppError([...new Set(codes)]);',
      'throw new AppError(codes[0] ?? otherwise);',
    ],
    ['a key may be anything', 'key !== undefined && !wellFormedKey.test(key)', "key === ''"],
    ['a token may be followed by anything', '=*)$/i', '=*)/i'],
    [
      'an open route asks for a token',
      'return { ...route, isOpen: true };',
      'return { ...route, isOpen: false };',
    ],
  ],
  'backend/src/http/openapi.ts': [
    ['every route is open', 'route.isOpen ? [] : [{ [name]: [] }]', '[]'],
    ['a parameter of the path keeps its colon', "'{$1}'", "':$1'"],
    ['a limit of an address is not documented', '(route.perAddressPerMinute ? ', '(false ? '],
    ['any query has a cursor', "route.query && 'cursor' in route.query.shape", 'route.query'],
    ['other statuses are not documented', 'route.statuses ?? []', '[] as number[]'],
  ],
};

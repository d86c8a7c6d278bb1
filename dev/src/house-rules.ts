/** What a folder may import beside itself. The first matching row counts, so inner folders come first. */
export const arrows: { folder: string; may: string[] }[] = [
  // Test helpers start real engines, and the runner beside the backend.
  {
    folder: 'backend/src/testing/',
    may: ['backend/', 'contract/', 'client/', 'core/', 'config/', 'engines/', 'lambdas/'],
  },
  { folder: 'core/src/testing/', may: ['core/'] },
  { folder: 'core/src/transfer/testing/', may: ['contract/', 'core/', 'engines/'] },
  { folder: 'lambdas/src/testing/', may: ['lambdas/', 'core/', 'config/', 'engines/'] },
  { folder: 'cli/src/testing/', may: ['cli/', 'core/', 'config/', 'engines/'] },
  { folder: 'contract/', may: [] },
  { folder: 'client/', may: ['contract/'] },
  { folder: 'config/', may: ['contract/'] },
  { folder: 'core/src/errors.ts', may: ['contract/'] },
  ...core([
    ['table'],
    ['database'],
    ['log', 'table'],
    ['people', 'database', 'log'],
    ['inbox', 'table', 'log'],
    ['conversations', 'table', 'log', 'inbox', 'people'],
    ['projections', 'table', 'log', 'inbox', 'conversations'],
    ['live', 'table', 'log', 'inbox', 'conversations', 'projections'],
    ['dead-letters', 'table', 'log'],
    ['erasure', 'table', 'log', 'people', 'inbox', 'conversations', 'dead-letters'],
    ['audit', 'table', 'log', 'people', 'inbox', 'conversations', 'dead-letters', 'erasure'],
    ['transfer', 'table', 'log', 'people', 'inbox', 'conversations', 'erasure'],
  ]),
  { folder: 'lambdas/', may: ['contract/', 'core/', 'config/'] },
  {
    folder: 'backend/src/http/',
    may: ['contract/', 'core/', 'config/', 'backend/src/auth/', 'backend/src/observe/'],
  },
  { folder: 'backend/', may: ['contract/', 'core/', 'config/'] },
  { folder: 'frontend/src/ui/components/', may: ['contract/'] },
  { folder: 'frontend/', may: ['contract/', 'client/'] },
  { folder: 'engines/', may: ['contract/', 'core/', 'config/'] },
  { folder: 'dev/', may: ['contract/', 'core/', 'config/', 'engines/', 'cli/'] },
  { folder: 'cli/', may: ['contract/', 'core/', 'config/', 'dev/', 'lambdas/src/consumers/'] },
];

function core(rows: [folder: string, ...may: string[]][]) {
  return rows.map(([folder, ...may]) => ({
    folder: `core/src/${folder}/`,
    may: ['contract/', 'core/src/errors.ts', ...may.map((name) => `core/src/${name}/`)],
  }));
}

/** Only the record of kinds may compare an entry's type with a literal. */
export const literalKinds = {
  home: 'core/src/log/kinds/',
  pattern:
    /\btype\b\)?\s*(===|!==)\s*'(message|group_created|members_added|member_removed|role_changed|title_changed)'|'(message|group_created|members_added|member_removed|role_changed|title_changed)'\s*(===|!==)/,
};

/** Declarative code, in which a long function is a list. */
export const longFunctionsAllowed = ['infra/'];

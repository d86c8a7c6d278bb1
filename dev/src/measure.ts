import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { parseSync } from '@swc/core';
import { arrows, literalKinds, longFunctionsAllowed } from './house-rules.ts';

/*
 * Measures the source tree and checks the three rules that CI requires (docs/architecture.md, "The tree"):
 * imports form no circle (types included), folders import only what house-rules.ts allows, and no code outside
 * core/src/log/kinds compares an entry's type with a literal.
 *
 * Exits with 1 if a rule is broken. The other figures are for information.
 */

type Func = { file: string; line: number; name: string; lines: number; hasJsx: boolean };
type Source = {
  path: string;
  text: string;
  lines: number;
  commentLines: number;
  imports: string[];
  funcs: Func[];
};
// biome-ignore lint/suspicious/noExplicitAny: nodes of a syntax tree are read field by field.
type Node = Record<string, any>;

const functionTypes = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ClassMethod',
  'MethodProperty',
]);

function main() {
  const files = tracked(/\.tsx?$/).filter((path) => !path.endsWith('.d.ts'));
  const sources = files.map(readSource);
  const code = sources.filter(({ path }) => !isTest(path));
  const known = new Set(files);
  const graph = new Map(code.map((source) => [source.path, resolveImports(source, known)]));

  print('Files (without tests)', spread(code.map(({ lines }) => lines)));
  print('core files', spread(code.filter(({ path }) => path.startsWith('core/')).map(({ lines }) => lines)));
  const funcs = code.flatMap((source) => source.funcs);
  print('Functions', spread(funcs.map(({ lines }) => lines)));
  const comments = code.reduce((sum, source) => sum + source.commentLines, 0);
  const lines = code.reduce((sum, source) => sum + source.lines, 0);
  print('Comment lines', `${((100 * comments) / lines).toFixed(1)} %`);
  print('Words in docs/', String(words(tracked(/^docs\/.*\.md$/))));
  print('Test files', String(sources.length - code.length));
  for (const folder of topFolders(code))
    print(`  ${folder}`, `${code.filter(({ path }) => path.startsWith(`${folder}/`)).length} files`);

  list(
    'Functions over 80 lines, outside JSX, infra and tables',
    funcs
      .filter(
        (func) =>
          func.lines > 80 && !func.hasJsx && !longFunctionsAllowed.some((path) => func.file.startsWith(path)),
      )
      .toSorted((one, other) => other.lines - one.lines)
      .map(({ file, line, name, lines }) => `${file}:${line} ${name} ${lines}`),
  );
  list(
    'Files of core, lambdas and backend over 100 lines without a test of their name',
    code
      .filter(
        ({ path, lines }) =>
          /^(core|lambdas|backend)\//.test(path) && !path.includes('/testing/') && lines > 100,
      )
      .filter(({ path }) => !known.has(path.replace(/\.ts$/, '.test.ts')))
      .map(({ path, lines }) => `${path} ${lines}`),
  );
  const broken = [
    list('Import circles', findCircles(graph)),
    list(
      'Imports against the folder rules',
      [...graph].flatMap(([path, targets]) => brokenArrows(path, targets)),
    ),
    list(
      'Comparisons of an entry type with a literal, outside core/src/log/kinds',
      code.flatMap(findLiteralKinds),
    ),
  ];
  if (broken.some((count) => count > 0)) process.exitCode = 1;
}

function tracked(pattern: RegExp): string[] {
  const paths = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  });
  return paths.split('\n').filter((path) => pattern.test(path));
}

const isTest = (path: string) => /\.test\.tsx?$|\/e2e\//.test(path);

function readSource(path: string): Source {
  const text = readFileSync(path, 'utf8');
  const isJsx = path.endsWith('.tsx');
  const tree: Node = parseSync(text, { syntax: 'typescript', tsx: isJsx, target: 'es2022' });
  // swc counts offsets in bytes, and continues the count from file to file.
  const bytes = Buffer.from(text);
  const base = firstOffset(text, tree);
  const lineAt = (offset: number) => {
    let line = 1;
    for (let at = 0; at < offset - base && at < bytes.length; at += 1) if (bytes[at] === 10) line += 1;
    return line;
  };
  const funcs: Func[] = [];
  walk(tree, undefined, (node, name) => {
    if (!functionTypes.has(node.type)) return;
    const span = node.span ?? node.function?.span;
    const line = lineAt(span.start);
    const hasJsx = containsJsx(node);
    funcs.push({ file: path, line, name, lines: lineAt(span.end) - line + 1, hasJsx });
  });
  const allLines = text.split('\n');
  const commentLines = allLines.filter((line) => /^\s*(\/\/|\/?\*)/.test(line)).length;
  const imports = [...text.matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)].map(
    ([, specifier]) => specifier ?? '',
  );
  return { path, text, lines: allLines.length - 1, commentLines, imports, funcs };
}

/** The offset of the file's start. The tree's span begins at the first token, after leading comments and blanks. */
function firstOffset(text: string, tree: Node): number {
  const lead = /^(\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/.exec(text)?.[0] ?? '';
  return tree.span.start - Buffer.byteLength(lead);
}

function walk(node: unknown, name: string | undefined, visit: (node: Node, name: string) => void) {
  if (Array.isArray(node)) {
    for (const item of node) walk(item, name, visit);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  const { type, ...fields } = node as Node;
  const own = fields.identifier?.value ?? fields.id?.value ?? fields.key?.value ?? fields.key?.name ?? name;
  if (typeof type === 'string') visit(node as Node, own ?? '(anonymous)');
  for (const value of Object.values(fields)) walk(value, own, visit);
}

function containsJsx(node: Node): boolean {
  let found = false;
  walk(node, undefined, ({ type }) => {
    if (type === 'JSXElement' || type === 'JSXFragment') found = true;
  });
  return found;
}

/** Paths of the files that a file imports, across packages. */
function resolveImports({ path, imports }: Source, known: Set<string>): string[] {
  return imports.flatMap((specifier) => {
    const base = specifier.startsWith('.')
      ? posix.join(posix.dirname(path), specifier)
      : specifier.replace(/^@parley\/([a-z-]+)\//, (_, name) => `${packageFolder(name, known)}/src/`);
    const target = [base, `${base}.ts`, `${base}.tsx`].find((candidate) => known.has(candidate));
    return target ? [target] : [];
  });
}

const packageFolder = (name: string, known: Set<string>) =>
  [...known].some((path) => path.startsWith(`proof/${name}/`)) ? `proof/${name}` : name;

/** Strongly connected files, by Tarjan's algorithm (SIAM J. Comput. 1972). */
function findCircles(graph: Map<string, string[]>): string[] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[] = [];
  function connect(path: string) {
    index.set(path, index.size);
    low.set(path, index.get(path) ?? 0);
    stack.push(path);
    for (const target of graph.get(path) ?? []) {
      if (!index.has(target)) connect(target);
      else if (!stack.includes(target)) continue;
      low.set(path, Math.min(low.get(path) ?? 0, low.get(target) ?? 0));
    }
    if (low.get(path) !== index.get(path)) return;
    const circle = stack.splice(stack.indexOf(path));
    if (circle.length > 1) circles.push(circle.toSorted().join(' ~ '));
  }
  for (const path of graph.keys()) if (!index.has(path)) connect(path);
  return circles;
}

function brokenArrows(path: string, targets: string[]): string[] {
  const from = arrows.find(({ folder }) => path.startsWith(folder));
  if (!from) return [];
  return targets
    .filter(
      (target) => !target.startsWith(from.folder) && !from.may.some((folder) => target.startsWith(folder)),
    )
    .map((target) => `${path} -> ${target}`);
}

function findLiteralKinds({ path, text }: Source): string[] {
  if (path.startsWith(literalKinds.home)) return [];
  return text
    .split('\n')
    .flatMap((line, at) => (literalKinds.pattern.test(line) ? [`${path}:${at + 1} ${line.trim()}`] : []));
}

function words(paths: string[]): number {
  return paths.reduce((sum, path) => sum + (readFileSync(path, 'utf8').match(/\S+/g)?.length ?? 0), 0);
}

const topFolders = (code: Source[]) =>
  [...new Set(code.map(({ path }) => /^(proof\/[^/]+|[^/]+)\//.exec(path)?.[1] ?? '.'))].toSorted();

function spread(values: number[]): string {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return `${sorted.length}; lines p50 ${at(0.5)}, p90 ${at(0.9)}, most ${sorted.at(-1) ?? 0}`;
}

const print = (name: string, value: string) => console.log(`${name}: ${value}`);

function list(name: string, rows: string[]): number {
  console.log(`${name}: ${rows.length}`);
  for (const row of rows) console.log(`  ${row}`);
  return rows.length;
}

main();

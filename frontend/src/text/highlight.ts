import { parse } from 'sugar-high/core';
import { lang, languages } from 'sugar-high/lang';

export type Coloured = { text: string; kind: 'word' | 'text' | 'name' | 'number' | 'comment' | undefined };

const kinds: Record<string, Coloured['kind']> = {
  keyword: 'word',
  string: 'text',
  entity: 'name',
  property: 'name',
  class: 'number',
  comment: 'comment',
};

/** Splits code into tokens with their kinds. Undefined if the language is unknown. */
export function highlight(code: string, language: string): Coloured[] | undefined {
  const id = lang(language);
  const known = languages.find((each) => each.id === id);
  if (!known) return undefined;
  return parse(code, known.config).lines.flatMap(({ tokens }, index) => [
    ...(index > 0 ? [{ text: '\n', kind: undefined }] : []),
    ...tokens
      .filter(({ type }) => type !== 'break')
      .map(({ type, value }) => ({ text: value, kind: kinds[type] })),
  ]);
}

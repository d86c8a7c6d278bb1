import type { IconNode } from 'lucide';
import { createElement } from 'react';
import './Icon.css';

/** A Lucide icon. It is decoration, because the button or the text beside it has the name. */
export const Icon = ({ of, small = false }: { of: IconNode; small?: boolean }) => (
  <svg className={small ? 'icon small' : 'icon'} viewBox="0 0 24 24" aria-hidden="true">
    {of.map(([tag, attributes], index) => createElement(tag, { key: index, ...attributes }))}
  </svg>
);

import type { IconNode } from 'lucide';
import { createElement } from 'react';
import './Icon.css';

/** A Lucide icon. It is decoration: the name stands on the button or beside it. */
export const Icon = ({ of, small = false }: { of: IconNode; small?: boolean }) => (
  <svg className={small ? 'icon small' : 'icon'} viewBox="0 0 24 24" aria-hidden="true">
    {of.map(([tag, attributes], index) => createElement(tag, { key: index, ...attributes }))}
  </svg>
);

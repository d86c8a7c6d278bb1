import type { ReactNode } from 'react';
import './Bubble.css';

type Props = { isOwn: boolean; isGone?: boolean; children: ReactNode };

/** The leaf: three round corners and a sharp one. Others' open at the top, one's own close at the end. */
export const Bubble = ({ isOwn, isGone = false, children }: Props) => (
  <div className={`bubble ${isOwn ? 'own' : 'other'}${isGone ? ' gone' : ''}`}>{children}</div>
);

import type { ReactNode } from 'react';
import './EmptyView.css';

type Props = {
  /** Omitted if the page already has a title. */
  title?: string;
  /** Whether the title is that of the current place, which gets the focus. */
  isPlace?: boolean;
  isAlert?: boolean;
  hasPicture?: boolean;
  children?: ReactNode;
};

/** An empty view, which offers the next step. */
export const EmptyView = ({ title, isPlace, isAlert, hasPicture, children }: Props) => (
  <div className="empty nothing" role={isAlert ? 'alert' : undefined}>
    {hasPicture && <Leaves />}
    {title && (
      <h2 data-place-title={isPlace || undefined} tabIndex={isPlace ? -1 : undefined}>
        {title}
      </h2>
    )}
    {children}
  </div>
);

/** Two bubbles of one conversation. */
const Leaves = () => (
  <svg className="leaves" viewBox="0 0 180 100" aria-hidden="true">
    <path className="leaf-other" d="M14 8H72A28 28 0 0 1 72 64H38A28 28 0 0 1 10 36V12A4 4 0 0 1 14 8Z" />
    <circle className="leaf-dot" cx="40" cy="36" r="4" />
    <circle className="leaf-dot" cx="54" cy="36" r="4" />
    <circle className="leaf-dot" cx="68" cy="36" r="4" />
    <path
      className="leaf-own"
      d="M108 40H142A26 26 0 0 1 168 66V88A4 4 0 0 1 164 92H108A26 26 0 0 1 108 40Z"
    />
    <path className="leaf-check" d="M122 67l9 9 17-18" />
  </svg>
);

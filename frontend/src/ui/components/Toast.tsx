import type { IconNode } from 'lucide';
import './Toast.css';
import { Icon } from './Icon.tsx';

type Props = { icon: IconNode; text: string; action: string; onAction(): void; className?: string };

/** A notice that floats over the page, so nothing moves for it. */
export const Toast = ({ icon, text, action, onAction, className = '' }: Props) => (
  <div className={`toast ${className}`.trim()}>
    <Icon of={icon} />
    <span className="toast-text">{text}</span>
    <button type="button" onClick={onAction}>
      {action}
    </button>
  </div>
);

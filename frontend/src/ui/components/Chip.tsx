import { X } from 'lucide';
import './Chip.css';
import { Icon } from './Icon.tsx';

/** A short word beside a name. */
export const Tag = ({ text }: { text: string }) => <span className="tag">{text}</span>;

/** A chosen item with a button that removes it. */
export const Chip = ({ text, label, onRemove }: { text: string; label: string; onRemove(): void }) => (
  <span className="chip">
    <bdi className="cut">{text}</bdi>
    <button type="button" aria-label={label} onClick={onRemove}>
      <Icon of={X} small />
    </button>
  </span>
);

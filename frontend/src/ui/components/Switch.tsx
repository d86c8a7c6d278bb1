import './Switch.css';

type Props = { label: string; hint?: string; isOn: boolean; onChange(): void };

/** A setting that is on or off, and takes effect at once. */
export const Switch = ({ label, hint, isOn, onChange }: Props) => (
  <label className="switch">
    <span className="switch-text">
      {label}
      {hint && <span className="hint"> {hint}</span>}
    </span>
    <input type="checkbox" checked={isOn} onChange={onChange} />
  </label>
);

import './Skeleton.css';

/** Placeholders while data loads. They show after 200 ms, and do not move if motion is reduced. */
export function Skeleton({ of, label }: { of: 'rows' | 'messages'; label: string }) {
  const widths = of === 'rows' ? [62, 48, 70, 55, 66] : [46, 28, -34, 52, -22];
  return (
    <div className={`skeleton ${of}`} role="status">
      <span className="unseen">{label}</span>
      {widths.map((width) => (
        <span key={width} className={width < 0 ? 'skeleton-line own' : 'skeleton-line'} aria-hidden="true">
          {width > 0 && <i className="skeleton-face" />}
          <i className="skeleton-text" style={{ width: `${Math.abs(width)}%` }} />
        </span>
      ))}
    </div>
  );
}

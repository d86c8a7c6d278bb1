import './Badge.css';

/** How many messages are unread. */
export const Badge = ({ count, isMuted = false }: { count: number; isMuted?: boolean }) => (
  <span className={isMuted ? 'badge muted' : 'badge'}>
    {count > 99 ? '99+' : count}
    <span className="unseen"> unread</span>
  </span>
);

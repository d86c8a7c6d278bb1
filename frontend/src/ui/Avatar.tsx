/** Initials on one of eight colours that the name decides. */
export function Avatar({ name, isOnline, isGroup }: { name: string; isOnline?: boolean; isGroup?: boolean }) {
  const tone = [...name].reduce((sum, sign) => (sum * 31 + (sign.codePointAt(0) ?? 0)) % 8, 7);
  const words = name.trim().split(/\s+/);
  const initials = words.slice(0, 2).map((word) => [...word][0] ?? '');
  return (
    <span className={isGroup ? 'avatar group' : 'avatar'} data-tone={tone} aria-hidden="true">
      {initials.join('').toLocaleUpperCase() || '?'}
      {isOnline && <span className="dot" />}
    </span>
  );
}

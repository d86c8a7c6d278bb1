import { initialsOf } from '../text/initials.ts';

/** Initials on one of eight colours that the name decides. */
export function Avatar({ name, isOnline, isGroup }: { name: string; isOnline?: boolean; isGroup?: boolean }) {
  const tone = [...name].reduce((sum, sign) => (sum * 31 + (sign.codePointAt(0) ?? 0)) % 8, 7);
  return (
    <span className={isGroup ? 'avatar group' : 'avatar'} data-tone={tone} aria-hidden="true">
      <bdi>{initialsOf(name)}</bdi>
      {isOnline && <span className="dot" />}
    </span>
  );
}

import './Avatar.css';
import { initialsOf } from './initials.ts';

type Props = {
  name: string;
  /** From 1 to 10, or null if it is unknown. */
  tone: number | null;
  size?: 'row' | 'run' | 'small' | 'head' | 'large';
  isOnline?: boolean;
  isGroup?: boolean;
};

/** Initials on a tone. People are circles, groups are leaves. */
export const Avatar = ({ name, tone, size = 'row', isOnline = false, isGroup = false }: Props) => (
  <span
    className={isGroup ? 'avatar group' : 'avatar'}
    data-tone={tone ?? undefined}
    data-size={size}
    aria-hidden="true"
  >
    <bdi>{initialsOf(name)}</bdi>
    {isOnline && <span className="dot" />}
  </span>
);

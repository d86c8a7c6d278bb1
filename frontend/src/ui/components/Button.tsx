import type { IconNode } from 'lucide';
import type { ComponentProps } from 'react';
import './Button.css';
import { Icon } from './Icon.tsx';

type Kind = 'primary' | 'quiet' | 'plain' | 'danger' | 'danger-text' | 'link';
type ButtonProps = ComponentProps<'button'> & { kind?: Kind; icon?: IconNode; isSmall?: boolean };

/** A button with a text. */
export function Button({
  kind = 'plain',
  icon,
  isSmall = false,
  className = '',
  children,
  ...rest
}: ButtonProps) {
  const shape = kind === 'link' ? 'link' : `button ${kind}${isSmall ? ' small' : ''}`;
  return (
    <button type="button" className={`${shape} ${className}`.trim()} {...rest}>
      {icon && <Icon of={icon} small />}
      {children}
    </button>
  );
}

type IconButtonProps = Omit<ComponentProps<'button'>, 'children'> & { label: string; icon: IconNode };

/** An icon button. The label is its name and its tooltip. */
export const IconButton = ({ label, icon, className = '', ...rest }: IconButtonProps) => (
  <button type="button" className={`tool ${className}`.trim()} aria-label={label} title={label} {...rest}>
    <Icon of={icon} />
  </button>
);

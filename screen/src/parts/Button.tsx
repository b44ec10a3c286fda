import type { ComponentProps } from 'react';
import type { IconName } from './Icon';
import { Icon } from './Icon';

export interface ButtonProps extends Omit<ComponentProps<'button'>, 'className'> {
  readonly kind?: 'primary' | 'plain' | 'quiet' | 'danger';
  readonly icon?: IconName;
  /** Shows the icon alone; the label is still read out. */
  readonly compact?: boolean;
  /** What is done is under way. The button stays where it is and takes no second click. */
  readonly busy?: boolean;
}

export function Button({ kind = 'plain', icon, compact = false, busy = false, children, ...rest }: ButtonProps) {
  const classes = ['button', `button-${kind}`, compact ? 'button-compact' : '', busy ? 'is-busy' : ''];
  return (
    <button
      type="button"
      {...rest}
      className={classes.filter(Boolean).join(' ')}
      aria-busy={busy || undefined}
      onClick={busy ? undefined : rest.onClick}
    >
      {icon && <Icon name={icon} />}
      <span className={compact ? 'unseen' : undefined}>{children}</span>
    </button>
  );
}

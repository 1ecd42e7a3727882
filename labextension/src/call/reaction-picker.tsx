import { CommandRegistry } from '@lumino/commands';
import { TranslationBundle } from '@jupyterlab/translation';
import { classes } from '@jupyterlab/ui-components';
import React from 'react';

import { COMMANDS } from './commands';
import { reactIcon } from './icons';
import { EMOJIS } from './reactions';

interface IReactionPickerProps {
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
}

/** A button that opens a row of emojis. */
export function ReactionPicker({
  commands,
  trans
}: IReactionPickerProps): React.JSX.Element {
  const [isOpen, setOpen] = React.useState(false);
  const whole = React.useRef<HTMLSpanElement>(null);
  const opener = React.useRef<HTMLButtonElement>(null);
  const close = (): void => {
    setOpen(false);
    opener.current?.focus();
  };
  React.useEffect(() => {
    if (isOpen) {
      whole.current?.querySelector<HTMLElement>('[role="menuitem"]')?.focus();
    }
  }, [isOpen]);
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const items = [
      ...(whole.current?.querySelectorAll<HTMLElement>('[role="menuitem"]') ??
        [])
    ];
    const index = items.findIndex(item => item === event.target);
    const isRtl = getComputedStyle(event.currentTarget).direction === 'rtl';
    const forward = isRtl ? -1 : 1;
    const steps: Record<string, number | undefined> = {
      ArrowRight: forward,
      ArrowLeft: -forward,
      ArrowDown: 1,
      ArrowUp: -1
    };
    const step = steps[event.key];
    if (!isOpen || index < 0) {
      return;
    }
    if (event.key === 'Escape') {
      close();
    } else if (step) {
      items[(index + step + items.length) % items.length].focus();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const label = trans.__('React');
  return (
    <span
      ref={whole}
      className="csx-Call-picker"
      onKeyDown={onKeyDown}
      onBlur={event => {
        if (!event.currentTarget.contains(event.relatedTarget)) {
          setOpen(false);
        }
      }}
    >
      <button
        ref={opener}
        className={classes('csx-Call-tool', isOpen ? 'csx-mod-active' : '')}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        title={label}
        disabled={!commands.isEnabled(COMMANDS.react, { emoji: EMOJIS[0] })}
        onClick={() => setOpen(!isOpen)}
      >
        <reactIcon.react tag="span" className="csx-Call-icon" />
      </button>
      {isOpen && (
        <span className="csx-Call-emojis" role="menu" aria-label={label}>
          {EMOJIS.map(emoji => (
            <button
              key={emoji}
              className="csx-Call-emoji"
              role="menuitem"
              tabIndex={-1}
              onClick={() => {
                void commands.execute(COMMANDS.react, { emoji });
                close();
              }}
            >
              {emoji}
            </button>
          ))}
        </span>
      )}
    </span>
  );
}

import { EllipsisVertical, type IconNode } from 'lucide';
import { type KeyboardEvent, useId, useLayoutEffect, useRef, useState } from 'react';
import { IconButton } from './Button.tsx';
import { Icon } from './Icon.tsx';
import './Menu.css';

export type MenuItem = { text: string; icon: IconNode; isDanger?: boolean; onSelect(): void };

/** A button and the actions it opens, in the top layer so that no sheet cuts them off. */
export function Menu({ label, items }: { label: string; items: MenuItem[] }) {
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const list = useRef<HTMLDivElement>(null);
  const place = useRef<HTMLSpanElement>(null);

  useLayoutEffect(() => {
    const menu = list.current;
    const button = place.current?.querySelector('button');
    if (!isOpen || !menu || !button) return;
    menu.showPopover();
    putBeside(menu, button.getBoundingClientRect());
    menu.querySelector('button')?.focus();
  }, [isOpen]);

  function close() {
    setOpen(false);
    place.current?.querySelector('button')?.focus();
  }

  function onKey(event: KeyboardEvent) {
    const buttons = [...(list.current?.querySelectorAll('button') ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === 'Escape' || event.key === 'Tab') close();
    else if (next !== undefined) buttons.at(next % buttons.length)?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <span ref={place}>
      <IconButton
        label={label}
        icon={EllipsisVertical}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => setOpen(true)}
      />
      {isOpen && (
        <div
          ref={list}
          id={id}
          role="menu"
          tabIndex={-1}
          aria-label={label}
          popover="auto"
          className="menu"
          onKeyDown={onKey}
          onToggle={(event) => event.newState === 'closed' && setOpen(false)}
        >
          {items.map(({ text, icon, isDanger, onSelect }) => (
            <button
              key={text}
              type="button"
              role="menuitem"
              tabIndex={-1}
              className={isDanger ? 'danger' : undefined}
              onClick={() => {
                close();
                onSelect();
              }}
            >
              <Icon of={icon} />
              {text}
            </button>
          ))}
        </div>
      )}
    </span>
  );
}

/** Below the button and aligned with its end. If there is no room, above it or aligned with its start. */
function putBeside(menu: HTMLElement, { top, bottom, left, right }: DOMRect) {
  const gapPx = 4;
  const { offsetWidth: width, offsetHeight: height } = menu;
  const y = bottom + gapPx + height > window.innerHeight ? top - gapPx - height : bottom + gapPx;
  const x = right - width < gapPx ? left : right - width;
  menu.style.top = `${Math.max(gapPx, y)}px`;
  menu.style.left = `${Math.min(x, window.innerWidth - width - gapPx)}px`;
}

import { useCallback } from 'react';
import { go, pathOf } from './router.ts';

/** A touch that moves this far, and mostly sideways, drags the sheet. */
const beginsPx = 12;
/** A sheet that is released beyond this share of its width closes. */
const awayShare = 0.3;

type Drag = { id: number; x: number; y: number; movedPx: number; isDragging: boolean };

/** On a phone, a swipe towards the end closes the conversation, as the back button does. */
export function useSwipeBack() {
  return useCallback((element: HTMLElement | null) => {
    if (!element) return;
    let drag: Drag | undefined;
    const direction = () => (getComputedStyle(element).direction === 'rtl' ? -1 : 1);

    function begin({ touches, target }: TouchEvent) {
      const [touch] = touches;
      if (!touch || touches.length > 1) return cancel();
      const isPhone = window.matchMedia('(max-width: 46rem)').matches;
      if (!isPhone || isZoomed() || isSidewaysScroller(target)) return;
      drag = { id: touch.identifier, x: touch.clientX, y: touch.clientY, movedPx: 0, isDragging: false };
    }

    function move(event: TouchEvent) {
      const touch = [...event.changedTouches].find(({ identifier }) => identifier === drag?.id);
      if (!drag || !touch || !element) return;
      if (isSelecting()) return cancel();
      const across = (touch.clientX - drag.x) * direction();
      const along = Math.abs(touch.clientY - drag.y);
      if (!drag.isDragging && along > beginsPx && along > across) drag = undefined;
      else if (drag.isDragging || (across > beginsPx && across > along * 2)) {
        drag.isDragging = true;
        drag.movedPx = Math.max(0, across);
        element.style.transform = `translateX(${drag.movedPx * direction()}px)`;
      }
    }

    function end() {
      if (!drag?.isDragging || !element) return;
      const isAway = drag.movedPx > element.clientWidth * awayShare;
      drag = undefined;
      element.style.transform = '';
      if (isAway) go(pathOf.inbox());
    }

    function cancel() {
      drag = undefined;
      if (element) element.style.transform = '';
    }

    const quiet = { passive: true };
    element.addEventListener('touchstart', begin, quiet);
    element.addEventListener('touchmove', move, quiet);
    element.addEventListener('touchend', end, quiet);
    element.addEventListener('touchcancel', cancel, quiet);
    return () => {
      element.removeEventListener('touchstart', begin);
      element.removeEventListener('touchmove', move);
      element.removeEventListener('touchend', end);
      element.removeEventListener('touchcancel', cancel);
    };
  }, []);
}

/** On a zoomed page a touch pans. */
const isZoomed = () => (window.visualViewport?.scale ?? 1) > 1.01;

/** During a selection a touch moves one of its ends. */
const isSelecting = () => document.getSelection()?.isCollapsed === false;

/** Inside an element that scrolls sideways, such as a wide code block, a sideways touch scrolls. */
function isSidewaysScroller(target: EventTarget | null) {
  let element = target instanceof Element ? target : null;
  for (; element; element = element.parentElement)
    if (element.scrollWidth > element.clientWidth && getComputedStyle(element).overflowX === 'auto')
      return true;
  return false;
}

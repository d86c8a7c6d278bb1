import { createSignal } from '@parley/client/sync/signal';
import { browserStorage } from './storage.ts';

export const themes = ['system', 'light', 'dark'] as const;
export const densities = ['compact', 'cozy', 'roomy'] as const;
/** The font size of messages in px, at the browser's default of 16. */
export const textSizes = [13, 14, 15, 16, 17, 18, 20] as const;

export type Appearance = {
  theme: (typeof themes)[number];
  density: (typeof densities)[number];
  textSize: (typeof textSizes)[number];
};

export const storageKey = 'parley.appearance';
const standard: Appearance = { theme: 'system', density: 'cozy', textSize: 15 };

/** Unknown or missing parts become the defaults. */
export function parseAppearance(stored: string | null): Appearance {
  const [theme, density, size] = (stored ?? '').split(' ');
  return {
    theme: themes.find((each) => each === theme) ?? standard.theme,
    density: densities.find((each) => each === density) ?? standard.density,
    textSize: textSizes.find((each) => String(each) === size) ?? standard.textSize,
  };
}

export const stored = ({ theme, density, textSize }: Appearance) => `${theme} ${density} ${textSize}`;

/** The colours of a phone browser's bar, one for each theme of the system. */
const browserBars = () => [...document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')];

/** The look of the page, as chosen in this browser. */
function createAppearance() {
  const signal = createSignal();
  let now = standard;
  let bars: { meta: HTMLMetaElement; isDark: boolean; own: string }[] | undefined;

  function colourBars() {
    bars ??= browserBars().map((meta) => ({ meta, isDark: meta.media.includes('dark'), own: meta.content }));
    const chosen = bars.find(({ isDark }) => isDark === (now.theme === 'dark'))?.own;
    for (const { meta, own } of bars) meta.content = now.theme === 'system' ? own : (chosen ?? own);
  }

  function apply() {
    now = parseAppearance(browserStorage.get(storageKey));
    const { documentElement: root } = document;
    if (now.theme === 'system') delete root.dataset.theme;
    else root.dataset.theme = now.theme;
    root.dataset.density = now.density;
    colourBars();
    root.style.fontSize = `${(now.textSize / standard.textSize) * 100}%`;
    signal.change();
  }

  return {
    signal,
    now: () => now,
    /** Reads the storage at the start, and after another tab has changed it. */
    apply,
    change(part: Partial<Appearance>) {
      browserStorage.set(storageKey, stored({ ...now, ...part }));
      apply();
    },
  };
}

export const appearance = createAppearance();

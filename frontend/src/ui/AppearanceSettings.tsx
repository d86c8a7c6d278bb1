import { AArrowDown, AArrowUp } from 'lucide';
import { appearance, densities, textSizes, themes } from '../appearance.ts';
import { formatting } from '../text/formatting.ts';
import { Icon } from './components/Icon.tsx';
import { Segmented } from './components/Segmented.tsx';
import { Switch } from './components/Switch.tsx';
import { useSignal } from './use-signal.ts';

const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
const options = <Value extends string>(values: readonly Value[]) =>
  values.map((value) => ({ value, text: capital(value) }));

/** Theme, density, text size and formatting. Each takes effect at once and is stored in this browser. */
export function AppearanceSettings() {
  useSignal(appearance.signal);
  useSignal(formatting.signal);
  const { theme, density, textSize } = appearance.now();
  const at = textSizes.indexOf(textSize);
  const step = (by: number) => {
    const next = textSizes[at + by];
    if (next) appearance.change({ textSize: next });
  };
  return (
    <>
      <Segmented
        label="Theme"
        options={options(themes)}
        value={theme}
        onChange={(next) => appearance.change({ theme: next })}
      />
      <Segmented
        label="Density"
        options={options(densities)}
        value={density}
        onChange={(next) => appearance.change({ density: next })}
      />
      <fieldset className="segmented">
        <legend>Text size</legend>
        <div className="segments">
          <button type="button" aria-label="Smaller text" disabled={at === 0} onClick={() => step(-1)}>
            <Icon of={AArrowDown} />
          </button>
          <output>{textSize} px</output>
          <button
            type="button"
            aria-label="Larger text"
            disabled={at === textSizes.length - 1}
            onClick={() => step(1)}
          >
            <Icon of={AArrowUp} />
          </button>
        </div>
      </fieldset>
      <Switch
        label="Format messages"
        hint="Shows **bold** as bold, and code and lists too."
        isOn={formatting.isOn()}
        onChange={() => formatting.change(!formatting.isOn())}
      />
    </>
  );
}

/** Lookup tables for the views: one for all phases, or each phase's own. */

import { useMemo, useRef } from "preact/hooks";
import type { PhaseVolume } from "../viewer/phaseVolume";
import { type GreyWindow, lookupTable, ownWindow, PRESETS, type PresetName } from "../viewer/windows";

export interface Tables {
  readonly tableOf: (volume: PhaseVolume) => Uint32Array;
  /** The phase's own window; null until its first slice is there. */
  readonly ownOf: (volume: PhaseVolume) => GreyWindow | null;
}

/** `middle`: the slice that arrives first, from which a phase's own window is taken. */
export function useTables(preset: PresetName, middle: number): Tables {
  const own = useRef(new Map<PhaseVolume, { window: GreyWindow; table: Uint32Array }>());
  const shared = useMemo(() => lookupTable(PRESETS[preset === "own" ? "soft_tissue" : preset]), [preset]);
  return useMemo(() => {
    const ownEntry = (volume: PhaseVolume) => {
      const known = own.current.get(volume);
      if (known || !volume.has(middle)) {
        return known ?? null;
      }
      const window = ownWindow(volume.slice(middle));
      const entry = { window, table: lookupTable(window) };
      own.current.set(volume, entry);
      return entry;
    };
    return {
      tableOf: (volume) => (preset === "own" ? (ownEntry(volume)?.table ?? shared) : shared),
      ownOf: (volume) => ownEntry(volume)?.window ?? null,
    };
  }, [preset, shared, middle]);
}

/** The volumes of a study as they arrive, for components. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { VolumeGeometry } from "../geometry/volume";
import { type FetchSlices, type LoaderOptions, VolumeLoader } from "./loader";
import { type Edition, PhaseVolume } from "./phaseVolume";

interface Wanted {
  readonly geometry: VolumeGeometry;
  /** Which image of each phase; another one takes the place of the last once all of it is there. */
  readonly editions: Readonly<Record<string, Edition>>;
  /** The phases on the screen, which come first. */
  readonly shown: readonly string[];
  /** The axial slice to begin with. */
  readonly middle: number;
  readonly fetchSlices: FetchSlices;
  readonly explain: LoaderOptions["explain"];
}

/** One volume a phase, filled in the background. */
export function useVolumes(wanted: Wanted): ReadonlyMap<string, PhaseVolume> {
  const { geometry, editions, shown, middle, fetchSlices, explain } = wanted;
  const [, setArrivals] = useState(0);
  const onChange = () => setArrivals((count) => count + 1);
  // A study's grid, phases and first slice never change while its editor is open.
  const loaded = useMemo(() => {
    const volumes = Object.entries(editions).map(
      ([phase, edition]) => new PhaseVolume(phase, geometry, edition),
    );
    const loader = new VolumeLoader(volumes, { fetchSlices, middle, onChange, explain });
    return { loader, byPhase: new Map(volumes.map((volume) => [volume.phase, volume])) };
  }, [geometry]);
  const key = shown.join(" ");
  useEffect(() => loaded.loader.show(key.split(" ")), [loaded, key]);
  useEffect(() => () => loaded.loader.stop(), [loaded]);

  const next = useRef(new Map<string, { revision: number; loader: VolumeLoader }>());
  useEffect(() => {
    for (const [phase, edition] of Object.entries(editions)) {
      const asked = next.current.get(phase)?.revision ?? loaded.byPhase.get(phase)?.edition.revision;
      if (asked === edition.revision) continue;
      next.current.get(phase)?.loader.stop();
      const volume = new PhaseVolume(phase, geometry, edition);
      const arrived = () => {
        // Whole, or of use where the one before it never came: nothing on the screen goes away meanwhile.
        if (volume.complete || !loaded.byPhase.get(phase)?.complete) loaded.byPhase.set(phase, volume);
        onChange();
      };
      const loader = new VolumeLoader([volume], { fetchSlices, middle, onChange: arrived, explain });
      next.current.set(phase, { revision: edition.revision, loader });
      loader.show([phase]);
    }
  }, [editions, loaded]);
  useEffect(
    () => () => {
      for (const { loader } of next.current.values()) loader.stop();
    },
    [],
  );
  return loaded.byPhase;
}

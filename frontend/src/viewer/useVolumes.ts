/** The volumes of a study as they arrive, for components. */

import { useEffect, useMemo, useState } from "preact/hooks";
import type { VolumeGeometry } from "../geometry/volume";
import { type FetchSlices, type LoaderOptions, VolumeLoader } from "./loader";
import { PhaseVolume } from "./phaseVolume";

/** One volume a phase, filled in the background, those in `shown` first. */
export function useVolumes(
  geometry: VolumeGeometry,
  phases: readonly string[],
  shown: readonly string[],
  middle: number,
  fetchSlices: FetchSlices,
  explain: LoaderOptions["explain"],
): ReadonlyMap<string, PhaseVolume> {
  const [, setArrivals] = useState(0);
  // A study's grid, phases and first slice never change while its editor is open.
  const loaded = useMemo(() => {
    const volumes = phases.map((phase) => new PhaseVolume(phase, geometry));
    const onChange = () => setArrivals((count) => count + 1);
    const loader = new VolumeLoader(volumes, { fetchSlices, middle, onChange, explain });
    return { loader, byPhase: new Map(volumes.map((volume) => [volume.phase, volume])) };
  }, [geometry]);
  const key = shown.join(" ");
  useEffect(() => loaded.loader.show(key.split(" ")), [loaded, key]);
  useEffect(() => () => loaded.loader.stop(), [loaded]);
  return loaded.byPhase;
}

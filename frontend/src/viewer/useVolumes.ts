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
  /** The axial slice to begin with, and the one on the screen. */
  readonly middle: number;
  readonly slice: number;
  /** Whether upright planes are on the screen, which every arrival changes. */
  readonly upright: boolean;
  readonly fetchSlices: FetchSlices;
  readonly explain: LoaderOptions["explain"];
}

/** One volume a phase, filled in the background. */
export function useVolumes(wanted: Wanted): ReadonlyMap<string, PhaseVolume> {
  const { geometry, editions, shown, middle, slice, fetchSlices, explain } = wanted;
  const [, setArrivals] = useState(0);
  const screen = useRef(wanted);
  screen.current = wanted;
  const seen = useRef("");
  // Arrivals wait for the next frame, so that a step in between is drawn first, and are drawn only where
  // they show: most are slices that nobody looks at yet.
  const frame = useRef(0);
  const onChange = () => {
    frame.current ||= requestAnimationFrame(() => {
      frame.current = 0;
      const now = signature(loaded.byPhase, screen.current);
      if (now !== seen.current) {
        seen.current = now;
        setArrivals((count) => count + 1);
      }
    });
  };
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
  useEffect(() => loaded.loader.focus(slice), [loaded, slice]);
  useEffect(
    () => () => {
      loaded.loader.stop();
      cancelAnimationFrame(frame.current);
    },
    [loaded],
  );

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
      loader.focus(slice);
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

/** Changes with whatever of the volumes is on the screen. */
function signature(byPhase: ReadonlyMap<string, PhaseVolume>, { shown, slice, upright }: Wanted): string {
  const parts = shown.map((phase) => {
    const volume = byPhase.get(phase);
    const arrivals = volume && (upright || !volume.has(slice)) ? volume.version : "";
    return `${phase} ${volume?.edition.revision} ${arrivals} ${volume?.error ?? ""} ${volume?.complete}`;
  });
  return parts.join(",");
}

/** One candidate in one phase: a slice of its sprite, the box over it, a scale bar and the sides. */
import { useState } from "preact/hooks";
import type { Candidate, Geometry } from "../api/types";
import { words } from "../app/format";
import { boxOnTile, scaleBarMm, sliceInBox, spriteSlice, tileUrl, zIndex } from "./crop";

interface Props {
  candidate: Candidate;
  geometry: Geometry;
  phase: string;
  present: boolean;
  /** Of the phase's image. */
  revision: number;
  window: string;
  offset: number;
  /** Asked for before the others. */
  urgent: boolean;
}

export function Tile({ candidate, geometry, phase, present, revision, window, offset, urgent }: Props) {
  if (!present)
    return (
      <div class="tile absent" data-testid="tile-absent">
        <span>no {words(phase)} phase</span>
      </div>
    );
  const { tile } = candidate;
  const slice = spriteSlice(tile, offset);
  const box = boxOnTile(candidate.lo, candidate.hi, tile);
  const inside = sliceInBox(candidate, zIndex(tile, offset), geometry);
  const bar = scaleBarMm(tile);
  return (
    <figure class="tile" data-testid="tile" data-phase={phase} data-slice={slice}>
      <Sprite
        url={tileUrl(candidate.id, phase, window, revision)}
        count={tile.count}
        slice={slice}
        phase={phase}
        urgent={urgent}
      />
      <svg class="overlay" viewBox={`0 0 ${tile.width} ${tile.height}`} aria-hidden="true">
        <rect class={inside ? "box" : "box outside"} {...box} />
      </svg>
      <span class="side left">R</span>
      <span class="side right">L</span>
      <span class="side top">A</span>
      <span class="side bottom">P</span>
      <span class="scale" style={{ width: `${(100 * bar) / (tile.width * tile.mm_per_px)}%` }}>
        {bar} mm
      </span>
    </figure>
  );
}

interface SpriteProps {
  url: string;
  count: number;
  slice: number;
  phase: string;
  urgent: boolean;
}

function Sprite({ url, count, slice, phase, urgent }: SpriteProps) {
  const [seen, setSeen] = useState<{ url: string; failed: boolean } | null>(null);
  const state = seen?.url === url ? (seen.failed ? "failed" : "loaded") : "loading";
  return (
    <>
      <img
        class={`sprite ${state}`}
        alt={`${words(phase)} phase`}
        draggable={false}
        fetchPriority={urgent ? "high" : "auto"}
        src={url}
        onLoad={() => setSeen({ url, failed: false })}
        onError={() => setSeen({ url, failed: true })}
        style={{
          height: `${100 * count}%`,
          transform: `translateY(${(-100 * slice) / count}%)`,
        }}
      />
      {state === "loading" && <span class="tile-state slow">loading …</span>}
      {state === "failed" && <span class="tile-state">image not available</span>}
    </>
  );
}

/** One candidate in one phase: a slice of its tile, the box over it, a scale bar and the sides. */
import { useState } from "preact/hooks";
import type { Candidate, Geometry } from "../api/types";
import { words } from "../app/words";
import { t } from "../i18n/t";
import {
  boxOnTile,
  type Part,
  scaleBarMm,
  sliceInBox,
  spriteSlice,
  stripPlace,
  tileUrl,
  zIndex,
} from "./crop";

interface Props {
  candidate: Candidate;
  geometry: Geometry;
  phase: string;
  present: boolean;
  /** Of the phase's image. */
  revision: number;
  window: string;
  offset: number;
  /** In the row that is judged now: asked for before the others, and ready for the wheel. */
  current: boolean;
  /** The phase that the arrows and the pointer chose. */
  chosen: boolean;
  /** Said not to be visible in this phase. */
  notVisible: boolean;
  onPoint: () => void;
  onNotVisible: () => void;
  /** The pointer rests on the corner that shows the whole slice, or leaves it. */
  onWhole: (shown: boolean) => void;
}

export function Tile(props: Props) {
  const { candidate, geometry, phase, revision, window, offset, current, chosen, notVisible } = props;
  if (!props.present)
    return (
      <div class="tile absent" data-testid="tile-absent">
        <span>{t("no {phase} phase", { phase: words(phase) })}</span>
      </div>
    );
  const { tile } = candidate;
  const place = stripPlace(tile, offset);
  const box = boxOnTile(candidate.lo, candidate.hi, tile);
  const inside = sliceInBox(candidate, zIndex(tile, offset), geometry);
  const bar = scaleBarMm(tile);
  const url = (part: Part) => tileUrl(candidate.id, phase, window, revision, part);
  return (
    <figure
      class={`tile ${current && chosen ? "chosen" : ""} ${notVisible ? "not-visible" : ""}`}
      data-testid="tile"
      data-phase={phase}
      data-slice={spriteSlice(tile, offset)}
      data-not-visible={notVisible || undefined}
      onPointerMove={props.onPoint}
    >
      <Slices
        url={url("key")}
        count={1}
        place={0}
        shown={place === null}
        phase={phase}
        priority={current ? "high" : "auto"}
      />
      {tile.count > 1 && (current || place !== null) && (
        <Slices
          url={url("neighbours")}
          count={tile.count - 1}
          place={place ?? 0}
          shown={place !== null}
          phase={phase}
          priority={place === null ? "low" : "high"}
        />
      )}
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
      {notVisible && (
        <span class="said-absent" data-testid="not-visible">
          {t("not visible")}
        </span>
      )}
      <button
        type="button"
        class="corner hide"
        aria-pressed={notVisible}
        title={notVisible ? t("Visible in this phase after all") : t("Not visible in this phase")}
        aria-label={t("Candidate {rank} not visible in the {phase} phase", {
          rank: candidate.rank,
          phase: words(phase),
        })}
        tabIndex={-1}
        onMouseDown={(event) => event.preventDefault()}
        onClick={(event) => {
          event.stopPropagation();
          props.onNotVisible();
        }}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M1.5 8 q6.5 -8 13 0 q-6.5 8 -13 0 M2 14 L14 2" />
        </svg>
      </button>
      <span
        class="corner whole"
        title=""
        data-testid="whole-corner"
        onPointerEnter={() => props.onWhole(true)}
        onPointerLeave={() => props.onWhole(false)}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M2 6 V2 H6 M10 2 H14 V6 M14 10 V14 H10 M6 14 H2 V10" />
        </svg>
      </span>
    </figure>
  );
}

interface SlicesProps {
  url: string;
  /** Slices in the picture, and which of them shows. */
  count: number;
  place: number;
  shown: boolean;
  phase: string;
  priority: "high" | "low" | "auto";
}

/** A picture of one or more slices below each other, of which one shows. */
function Slices({ url, count, place, shown, phase, priority }: SlicesProps) {
  const [seen, setSeen] = useState<{ url: string; failed: boolean } | null>(null);
  const state = seen?.url === url ? (seen.failed ? "failed" : "loaded") : "loading";
  return (
    <>
      <img
        class={`slices ${state} ${shown ? "shown" : ""}`}
        alt={shown ? t("{phase} phase", { phase: words(phase) }) : ""}
        draggable={false}
        decoding="sync"
        fetchPriority={priority}
        src={url}
        onLoad={() => setSeen({ url, failed: false })}
        onError={() => setSeen({ url, failed: true })}
        style={{ height: `${100 * count}%`, transform: `translateY(${(-100 * place) / count}%)` }}
      />
      {shown && state === "loading" && <span class="tile-state slow">{t("loading …")}</span>}
      {shown && state === "failed" && <span class="tile-state">{t("image not available")}</span>}
    </>
  );
}

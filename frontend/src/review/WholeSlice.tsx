/** The whole slice of a candidate in all phases, over the grid: where in the body it lies. */
import type { Candidate, ReviewStudy } from "../api/types";
import { words } from "../app/format";
import { t } from "../i18n/t";
import { sliceExtent, sliceInBox, wholeUrl, zIndex } from "./crop";

interface Props {
  candidate: Candidate;
  study: ReviewStudy["study"];
  columns: string[];
  window: string;
  offset: number;
  /** Phases in which the candidate is said not to be seen. */
  absent: readonly string[];
}

const SCALE_MM = 50;

export function WholeSlice({ candidate, study, columns, window, offset, absent }: Props) {
  const { geometry } = study;
  const z = zIndex(candidate.tile, offset);
  const { x, y, width, height } = sliceExtent(geometry);
  const { lo, hi } = candidate;
  const inside = sliceInBox(candidate, z, geometry);
  return (
    <div class={`whole-slices of-${columns.length}`} data-testid="whole-slice" data-z={z}>
      {columns.map((phase) =>
        study.phases.includes(phase) ? (
          <figure key={phase} data-phase={phase}>
            <svg
              viewBox={`${x} ${y} ${width} ${height}`}
              role="img"
              aria-label={t("{phase} phase", { phase: words(phase) })}
            >
              <image
                href={wholeUrl(study.id, phase, z, window, study.image_revisions[phase] ?? 0)}
                x={x}
                y={y}
                width={width}
                height={height}
                preserveAspectRatio="none"
              />
              <rect
                class={inside ? "box" : "box outside"}
                x={lo[0]}
                y={lo[1]}
                width={hi[0] - lo[0]}
                height={hi[1] - lo[1]}
              />
              <path class="bar" d={`M${x + width - SCALE_MM - 10} ${y + height - 14} v4 h${SCALE_MM} v-4`} />
              <text x={x + width - SCALE_MM / 2 - 10} y={y + height - 16}>
                {SCALE_MM} mm
              </text>
            </svg>
            <figcaption>
              {words(phase)}
              {absent.includes(phase) && `, ${t("not visible")}`}
            </figcaption>
            <span class="side left">R</span>
            <span class="side right">L</span>
          </figure>
        ) : (
          <div key={phase} class="missing">
            {t("no {phase} phase", { phase: words(phase) })}
          </div>
        ),
      )}
    </div>
  );
}

/** The whole slice of a candidate in all phases, over the grid: where in the body it lies. */
import type { Candidate, ReviewStudy } from "../api/types";
import { words } from "../app/words";
import { t } from "../i18n/t";
import { sliceExtent, zIndex } from "./crop";
import { SlicePicture } from "./SlicePicture";

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
  const z = zIndex(candidate.tile, offset);
  return (
    <div class={`whole-slices of-${columns.length}`} data-testid="whole-slice" data-z={z}>
      {columns.map((phase) =>
        study.phases.includes(phase) ? (
          <figure key={phase} data-phase={phase}>
            <SlicePicture
              study={study}
              phase={phase}
              z={z}
              window={window}
              box={candidate}
              view={sliceExtent(study.geometry)}
              bar={SCALE_MM}
            />
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

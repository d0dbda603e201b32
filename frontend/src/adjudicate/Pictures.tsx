/** A box in all phases at one slice: the same piece of the patient, cut out of the whole slices. */
import type { ReviewStudy, Vec3 } from "../api/types";
import { words } from "../app/words";
import { t } from "../i18n/t";
import { columns } from "../review/crop";
import { SlicePicture } from "../review/SlicePicture";
import { cropOf } from "./questions";

interface Props {
  lo: Vec3;
  hi: Vec3;
  z: number;
  study: ReviewStudy["study"];
  window: string;
}

export function Pictures({ lo, hi, z, study, window }: Props) {
  const { x, y, side } = cropOf(lo, hi);
  const all = columns(study.phases);
  const present = all.filter((phase) => study.phases.includes(phase));
  const missing = all.filter((phase) => !study.phases.includes(phase));
  return (
    <div class={`pictures pictures--${Math.min(present.length, 3)}`}>
      {present.map((phase) => (
        <figure key={phase} data-phase={phase} data-testid="adjudicate-picture">
          <SlicePicture
            study={study}
            phase={phase}
            z={z}
            window={window}
            box={{ lo, hi }}
            view={{ x, y, width: side, height: side }}
            bar={side > 150 ? 50 : 20}
          />
          <span class="side left">R</span>
          <span class="side right">L</span>
          <span class="side top">A</span>
          <span class="side bottom">P</span>
          <figcaption>{words(phase)}</figcaption>
        </figure>
      ))}
      {missing.length > 0 && (
        <p class="missing">
          {missing.map((phase) => (
            <span key={phase}>{t("no {phase} phase", { phase: words(phase) })}</span>
          ))}
        </p>
      )}
    </div>
  );
}

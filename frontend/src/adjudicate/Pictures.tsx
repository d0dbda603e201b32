/** A box in all phases at one slice: the same piece of the patient, cut out of the whole slices. */
import type { ReviewStudy, Vec3 } from "../api/types";
import { words } from "../app/format";
import { t } from "../i18n/t";
import { columns, sliceExtent, wholeUrl } from "../review/crop";
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
  const whole = sliceExtent(study.geometry);
  const mm = study.geometry.origin_xyz_mm[2] + z * study.geometry.spacing_xyz_mm[2];
  const inside = mm >= lo[2] && mm <= hi[2];
  const bar = side > 150 ? 50 : 20;
  return (
    <div class="pictures">
      {columns(study.phases).map((phase) =>
        study.phases.includes(phase) ? (
          <figure key={phase} data-phase={phase} data-testid="adjudicate-picture">
            <svg viewBox={`${x} ${y} ${side} ${side}`} role="img" aria-label={words(phase)}>
              <image
                href={wholeUrl(study.id, phase, z, window, study.image_revisions[phase] ?? 0)}
                {...whole}
                preserveAspectRatio="none"
              />
              <rect
                class={inside ? "box" : "box outside"}
                x={lo[0]}
                y={lo[1]}
                width={hi[0] - lo[0]}
                height={hi[1] - lo[1]}
              />
              <path class="bar" d={`M${x + side - bar - 4} ${y + side - 6} v2 h${bar} v-2`} />
              <text x={x + side - bar / 2 - 4} y={y + side - 7}>
                {bar} mm
              </text>
            </svg>
            <span class="side left">R</span>
            <span class="side right">L</span>
            <span class="side top">A</span>
            <span class="side bottom">P</span>
            <figcaption>{words(phase)}</figcaption>
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

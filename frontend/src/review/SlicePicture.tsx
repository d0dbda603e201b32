/** A piece of a whole slice in one phase, with a box on it and a scale bar; all in mm of the patient. */
import type { Candidate, ReviewStudy } from "../api/types";
import { words } from "../app/words";
import { t } from "../i18n/t";
import { type Rect, sliceExtent, sliceInBox, wholeUrl } from "./crop";

interface Props {
  study: ReviewStudy["study"];
  phase: string;
  z: number;
  window: string;
  box: Pick<Candidate, "lo" | "hi">;
  /** What of the slice is shown. */
  view: Rect;
  /** Length of the scale bar. */
  bar: number;
}

export function SlicePicture({ study, phase, z, window, box, view, bar }: Props) {
  const { lo, hi } = box;
  const inside = sliceInBox(box, z, study.geometry);
  const margin = view.width / 40;
  const [right, bottom] = [view.x + view.width - margin, view.y + view.height - margin];
  return (
    <svg
      viewBox={`${view.x} ${view.y} ${view.width} ${view.height}`}
      role="img"
      aria-label={t("{phase} phase", { phase: words(phase) })}
    >
      <image
        href={wholeUrl(study.id, phase, z, window, study.image_revisions[phase] ?? 0)}
        {...sliceExtent(study.geometry)}
        preserveAspectRatio="none"
      />
      <rect
        class={inside ? "box" : "box outside"}
        x={lo[0]}
        y={lo[1]}
        width={hi[0] - lo[0]}
        height={hi[1] - lo[1]}
      />
      <path class="bar" d={`M${right - bar} ${bottom - margin / 2} v${margin / 2} h${bar} v${-margin / 2}`} />
      <text x={right - bar / 2} y={bottom - margin * 0.7} font-size={view.width / 36}>
        {bar} mm
      </text>
    </svg>
  );
}

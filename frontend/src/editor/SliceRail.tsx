/** The slider of a view: where one is in the stack, with marks where boxes are. */

import { words } from "../app/words";
import type { Box } from "../geometry/box";
import { LAYOUTS, type Plane } from "../geometry/planes";
import { slicesOf } from "../geometry/viewport";
import { clampVoxel, countOf, type VolumeGeometry } from "../geometry/volume";
import { t } from "../i18n/t";

interface Props {
  readonly view: string;
  readonly geometry: VolumeGeometry;
  readonly plane: Plane;
  readonly voxel: number;
  readonly boxes: readonly Box[];
  readonly references: readonly Box[];
  readonly onGoTo: (voxel: number) => void;
}

export function SliceRail({ view, geometry, plane, voxel, boxes, references, onGoTo }: Props) {
  const { normal, step } = LAYOUTS[plane];
  const count = countOf(geometry, normal);
  /** Share of the rail above the first of the slices first..last, and what they take of it. */
  const place = (first: number, last: number) => ({
    top: `${(100 * (step > 0 ? first : count - 1 - last)) / count}%`,
    height: `${(100 * (last - first + 1)) / count}%`,
  });
  const mark = (box: Box) => place(...slicesOf(geometry, plane, box));
  const goTo = (event: PointerEvent) => {
    if (event.type === "pointermove" && event.buttons === 0) {
      return;
    }
    const rail = event.currentTarget as HTMLElement;
    if (event.type === "pointerdown") {
      rail.setPointerCapture(event.pointerId);
    }
    const bounds = rail.getBoundingClientRect();
    const fromTop = Math.floor(((event.clientY - bounds.top) / bounds.height) * count);
    onGoTo(clampVoxel(geometry, normal, step > 0 ? fromTop : count - 1 - fromTop));
  };
  return (
    <div
      class="slice-rail"
      data-testid={`rail-${view}`}
      role="slider"
      tabIndex={-1}
      aria-label={t("{plane} slice", { plane: words(plane) })}
      aria-orientation="vertical"
      aria-valuemin={1}
      aria-valuemax={count}
      aria-valuenow={voxel + 1}
      onPointerDown={goTo}
      onPointerMove={goTo}
    >
      {references.map((box) => (
        <i key={box.lo.join()} class="slice-rail__mark slice-rail__mark--reference" style={mark(box)} />
      ))}
      {boxes.map((box) => (
        <i key={box.lo.join()} class="slice-rail__mark" style={mark(box)} />
      ))}
      <i class="slice-rail__here" style={place(voxel, voxel)} />
    </div>
  );
}

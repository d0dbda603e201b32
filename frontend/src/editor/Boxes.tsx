/** What lies over a slice: boxes, handles, crosshair, extreme points; in canvas pixels. */

import type { Box } from "../geometry/box";
import { LAYOUTS } from "../geometry/planes";
import { crossesSlice, pixelFromPoint, rectangleOf, type Viewport } from "../geometry/viewport";
import { pointFromVoxel, type Vec3, type VolumeGeometry } from "../geometry/volume";
import type { Cell } from "./evidence";
import { handlesOf } from "./gestures";
import type { DrawnLesion } from "./state";

/** A box that is shown and not edited. */
export interface Reference {
  readonly id: string;
  readonly box: Box;
  readonly kind: "lesion" | "candidate";
  readonly label: string;
}

interface Props {
  readonly view: string;
  readonly geometry: VolumeGeometry;
  readonly viewport: Viewport;
  readonly cursor: Vec3;
  readonly lesions: readonly DrawnLesion[];
  readonly selected: string | null;
  readonly references: readonly Reference[];
  readonly points: readonly Vec3[];
  /** What speaks for and against a characterizer's answer on this slice. */
  readonly cells: readonly Cell[];
}

export function Boxes({ view, geometry, viewport, cursor, lesions, selected, references, ...over }: Props) {
  const { points, cells } = over;
  const { plane } = viewport;
  const voxel = cursor[LAYOUTS[plane].normal];
  const here = (box: Box) => crossesSlice(geometry, plane, box, voxel);
  return (
    <>
      <Cells viewport={viewport} cells={cells} />
      <Crosshair viewport={viewport} point={pointFromVoxel(geometry, cursor)} />
      {references
        .filter(({ box }) => here(box))
        .map(({ id, box, kind, label }) => {
          const rectangle = rectangleOf(viewport, box);
          return (
            <g key={id} class={`outline outline--${kind}`} data-testid={`reference-${view}`} data-id={id}>
              <rect {...rectangle} />
              <text x={rectangle.x + rectangle.width + 4} y={rectangle.y + 10}>
                {label}
              </text>
            </g>
          );
        })}
      {lesions.map((lesion, index) => {
        const chosen = lesion.key === selected;
        if (!chosen && !here(lesion.box)) {
          return null;
        }
        const rectangle = rectangleOf(viewport, lesion.box);
        const away = here(lesion.box) ? "" : " outline--away";
        return (
          <g
            key={lesion.key}
            class={`outline outline--drawn${chosen ? " outline--selected" : ""}${away}`}
            data-testid={`box-${view}`}
            data-key={lesion.key}
          >
            <rect {...rectangle} />
            <text x={rectangle.x} y={rectangle.y - 12}>
              {index + 1}
            </text>
            {chosen && <Handles view={view} viewport={viewport} lesion={lesion} />}
          </g>
        );
      })}
      {points.map((point) => {
        const [x, y] = pixelFromPoint(viewport, point);
        return <path key={point.join()} class="extreme-point" d={`M${x - 4} ${y}h8M${x} ${y - 4}v8`} />;
      })}
    </>
  );
}

/** Dots, for tissue must be seen between them; the larger the more, hollow where they speak against. */
function Cells({ viewport, cells }: { viewport: Viewport; cells: readonly Cell[] }) {
  return (
    <g class="cells" data-testid={cells.length > 0 ? "cells" : undefined}>
      {cells.map(({ box, share }) => {
        const { x, y, width, height } = rectangleOf(viewport, box);
        const radius = (Math.min(width, height) / 2) * 0.8 * Math.sqrt(Math.abs(share));
        return (
          <circle
            key={`${x} ${y}`}
            class={share > 0 ? "for" : "against"}
            cx={x + width / 2}
            cy={y + height / 2}
            r={radius}
          />
        );
      })}
    </g>
  );
}

function Handles({ view, viewport, lesion }: { view: string; viewport: Viewport; lesion: DrawnLesion }) {
  return (
    <>
      {handlesOf(rectangleOf(viewport, lesion.box)).map(({ name, sides, x, y }) => (
        <g key={name} class={`handle handle--${name}`} data-handle={sides.join(" ")}>
          <circle cx={x} cy={y} r={8} data-testid={`handle-${view}-${name}`} />
          <rect x={x - 3} y={y - 3} width={6} height={6} />
        </g>
      ))}
    </>
  );
}

/** Lines with a gap in the middle, so that they do not cover what they point at. */
function Crosshair({ viewport, point }: { viewport: Viewport; point: Vec3 }) {
  const [x, y] = pixelFromPoint(viewport, point);
  const gap = 14;
  const { width, height } = viewport;
  return (
    <path
      class="crosshair"
      d={`M0 ${y}H${x - gap}M${x + gap} ${y}H${width}M${x} 0V${y - gap}M${x} ${y + gap}V${height}`}
    />
  );
}

/** What a drag or a key does to a box: pure. */

import { type Box, boxFromRectangle, type Face, moveByMm, moveByVoxels, moveFace } from "../geometry/box";
import { LAYOUTS, type Plane } from "../geometry/planes";
import type { Rectangle } from "../geometry/viewport";
import { type Vec3, type VolumeGeometry, withAxis } from "../geometry/volume";
import type { Arrow, NudgeKey } from "./keys";

/** Sides of a box as one sees them in a view. */
export type Side = "left" | "right" | "top" | "bottom";

/** A handle moves one face, or two at a corner. */
export interface Handle {
  readonly name: string;
  readonly sides: readonly Side[];
}

const EDGES: readonly Handle[] = (["left", "right", "top", "bottom"] as const).map((side) => ({
  name: side,
  sides: [side],
}));
const CORNERS: readonly Handle[] = (["top", "bottom"] as const).flatMap((vertical) =>
  (["left", "right"] as const).map((side) => ({ name: `${vertical}-${side}`, sides: [vertical, side] })),
);

/** Corner handles need room between the others. */
const ROOM_FOR_CORNERS_PX = 36;

/** A small box has its handles outside, so that they do not cover it. */
const ROOM_INSIDE_PX = 24;
const OUTSIDE_PX = 9;

export interface PlacedHandle extends Handle {
  readonly x: number;
  readonly y: number;
}

/** Handles of a rectangle on the canvas, in its pixels. */
export function handlesOf(rectangle: Rectangle): PlacedHandle[] {
  const small = Math.min(rectangle.width, rectangle.height);
  const handles = small >= ROOM_FOR_CORNERS_PX ? [...EDGES, ...CORNERS] : EDGES;
  const outside = small < ROOM_INSIDE_PX ? OUTSIDE_PX : 0;
  return handles.map((handle) => {
    let x = rectangle.x + rectangle.width / 2;
    let y = rectangle.y + rectangle.height / 2;
    for (const side of handle.sides) {
      if (side === "left") x = rectangle.x - outside;
      if (side === "right") x = rectangle.x + rectangle.width + outside;
      if (side === "top") y = rectangle.y - outside;
      if (side === "bottom") y = rectangle.y + rectangle.height + outside;
    }
    return { ...handle, x, y };
  });
}

/** Which face of the box lies on a side of the view. */
export function faceOf(plane: Plane, side: Side): Face {
  const { across, down, downFlipped } = LAYOUTS[plane];
  if (side === "left" || side === "right") {
    return { axis: across, side: side === "left" ? "lo" : "hi" };
  }
  return { axis: down, side: (side === "top") !== downFlipped ? "lo" : "hi" };
}

export type Drag =
  | { kind: "draw"; plane: Plane; voxel: number; from: Vec3 }
  | { kind: "faces"; faces: readonly Face[]; box: Box; from: Vec3 }
  | { kind: "move"; plane: Plane; box: Box; from: Vec3 };

/** The box after dragging to a point. */
export function dragged(geometry: VolumeGeometry, drag: Drag, to: Vec3): Box {
  switch (drag.kind) {
    case "draw":
      return boxFromRectangle(geometry, drag.from, to, LAYOUTS[drag.plane].normal, drag.voxel);
    case "faces":
      return drag.faces.reduce((box, face) => {
        const start = drag.box[face.side][face.axis];
        return moveFace(geometry, box, face, start + to[face.axis] - drag.from[face.axis]);
      }, drag.box);
    case "move": {
      const by: Vec3 = [to[0] - drag.from[0], to[1] - drag.from[1], to[2] - drag.from[2]];
      return moveByMm(geometry, drag.box, withAxis(by, LAYOUTS[drag.plane].normal, 0));
    }
  }
}

/** A fine step of a phase that is moved. */
export const FINE_MM = 0.5;

/** The way (mm) that a key moves a phase in a view: a voxel along the arrow, a slice up or down, or a fine step. */
export function nudgeStep(geometry: VolumeGeometry, plane: Plane, key: NudgeKey, fine: boolean): Vec3 {
  const { normal, step: down } = LAYOUTS[plane];
  const steps =
    key === "PageUp" || key === "PageDown"
      ? withAxis([0, 0, 0], normal, key === "PageDown" ? down : -down)
      : step(plane, key);
  const along = (axis: 0 | 1 | 2) => steps[axis] * (fine ? FINE_MM : geometry.spacing_xyz_mm[axis]);
  return [along(0), along(1), along(2)];
}

/** One voxel along an arrow of the view, as (x, y, z) steps. */
function step(plane: Plane, arrow: Arrow): Vec3 {
  const { across, down, downFlipped } = LAYOUTS[plane];
  if (arrow === "ArrowLeft" || arrow === "ArrowRight") {
    return withAxis([0, 0, 0], across, arrow === "ArrowRight" ? 1 : -1);
  }
  return withAxis([0, 0, 0], down, (arrow === "ArrowDown") !== downFlipped ? 1 : -1);
}

/** The box moved by a voxel in the direction of the arrow. */
export function nudged(geometry: VolumeGeometry, box: Box, plane: Plane, arrow: Arrow): Box {
  return moveByVoxels(geometry, box, step(plane, arrow));
}

/** The right or bottom side of the box moved by a voxel: right and down make it larger. */
export function resized(geometry: VolumeGeometry, box: Box, plane: Plane, arrow: Arrow): Box {
  const horizontal = arrow === "ArrowLeft" || arrow === "ArrowRight";
  const face = faceOf(plane, horizontal ? "right" : "bottom");
  const by = step(plane, arrow)[face.axis] * geometry.spacing_xyz_mm[face.axis];
  return moveFace(geometry, box, face, box[face.side][face.axis] + by);
}

/** The box made to begin or end on an axial slice, that slice included. */
export function endedOnSlice(geometry: VolumeGeometry, box: Box, end: "head" | "feet", z: number): Box {
  const edge = end === "head" ? z + 1 : z;
  const mm = geometry.origin_xyz_mm[2] + (edge - 0.5) * geometry.spacing_xyz_mm[2];
  return moveFace(geometry, box, { axis: 2, side: end === "head" ? "hi" : "lo" }, mm);
}

/** Where one looks: the crosshair, the phase, the window, the magnification; shared by all views. */

import { type Box, boxCentre } from "../geometry/box";
import { LAYOUTS, type Plane } from "../geometry/planes";
import {
  clampVoxel,
  pointFromVoxel,
  type Vec3,
  type VolumeGeometry,
  voxelFromPoint,
  withAxis,
} from "../geometry/volume";
import type { PresetName } from "../viewer/windows";

export interface Look {
  /** The voxel (x, y, z) under the crosshair. */
  readonly cursor: Vec3;
  readonly phase: string;
  readonly layout: "planes" | "phases";
  readonly preset: PresetName;
  /** Interpolated between voxels, or voxels as they are. */
  readonly smooth: boolean;
  /** 1 shows whole slices. */
  readonly zoom: number;
  /** The point (mm) in the middle of magnified views. */
  readonly centre: Vec3;
  /** The view that keys act on. */
  readonly plane: Plane;
}

const MOST_ZOOM = 16;

export function initialLook(geometry: VolumeGeometry, phase: string): Look {
  const [z, y, x] = geometry.shape_zyx;
  const cursor: Vec3 = [Math.floor(x / 2), Math.floor(y / 2), Math.floor(z / 2)];
  return {
    cursor,
    phase,
    layout: "planes",
    preset: "soft_tissue",
    smooth: true,
    zoom: 1,
    centre: pointFromVoxel(geometry, cursor),
    plane: "axial",
  };
}

/** So many slices down the wheel in a view. */
export function scrolled(look: Look, geometry: VolumeGeometry, plane: Plane, steps: number): Look {
  const { normal, step } = LAYOUTS[plane];
  const voxel = clampVoxel(geometry, normal, look.cursor[normal] + step * steps);
  return { ...look, cursor: withAxis(look.cursor, normal, voxel) };
}

/** Magnified by a factor; `anchor` (mm) keeps its place on the screen. */
export function zoomed(look: Look, shownCentre: Vec3, anchor: Vec3, factor: number): Look {
  const zoom = Math.min(Math.max(look.zoom * factor, 1), MOST_ZOOM);
  const share = look.zoom / zoom;
  const along = (axis: 0 | 1 | 2) => anchor[axis] + (shownCentre[axis] - anchor[axis]) * share;
  return { ...look, zoom, centre: [along(0), along(1), along(2)] };
}

/** The crosshair in the middle of a box, and magnified views around it. */
export function lookedAt(look: Look, geometry: VolumeGeometry, box: Box): Look {
  const centre = boxCentre(box);
  return { ...look, centre, cursor: voxelFromPoint(geometry, centre) };
}

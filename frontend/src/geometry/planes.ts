/**
 * The three reading planes and their orientation on the screen, radiological: the patient's right on the
 * left of axial and coronal views, the front on the left of sagittal ones, the head at the top.
 */

import type { Axis, VolumeGeometry } from "./volume";
import { countOf } from "./volume";

export type Plane = "axial" | "coronal" | "sagittal";

export const PLANES: readonly Plane[] = ["axial", "coronal", "sagittal"];

export interface PlaneLayout {
  /** The axis that grows to the right of the screen. */
  readonly across: Axis;
  /** The axis along the screen's height. */
  readonly down: Axis;
  /** True where the down axis grows upwards (z: the head at the top). */
  readonly downFlipped: boolean;
  /** The axis that one scrolls through. */
  readonly normal: Axis;
  /** Voxels along the normal for one step down the wheel: axial steps go towards the feet. */
  readonly step: 1 | -1;
  readonly letters: { left: string; right: string; top: string; bottom: string };
}

export const LAYOUTS: Readonly<Record<Plane, PlaneLayout>> = {
  axial: {
    across: 0,
    down: 1,
    downFlipped: false,
    normal: 2,
    step: -1,
    letters: { left: "R", right: "L", top: "A", bottom: "P" },
  },
  coronal: {
    across: 0,
    down: 2,
    downFlipped: true,
    normal: 1,
    step: 1,
    letters: { left: "R", right: "L", top: "H", bottom: "F" },
  },
  sagittal: {
    across: 1,
    down: 2,
    downFlipped: true,
    normal: 0,
    step: 1,
    letters: { left: "A", right: "P", top: "H", bottom: "F" },
  },
};

/** Size of a slice's image in voxels: [width, height]. */
export function imageSize(geometry: VolumeGeometry, plane: Plane): readonly [number, number] {
  const { across, down } = LAYOUTS[plane];
  return [countOf(geometry, across), countOf(geometry, down)];
}

/** Size of a slice in mm: [width, height]. */
export function imageSizeMm(geometry: VolumeGeometry, plane: Plane): readonly [number, number] {
  const { across, down } = LAYOUTS[plane];
  const [width, height] = imageSize(geometry, plane);
  return [width * geometry.spacing_xyz_mm[across], height * geometry.spacing_xyz_mm[down]];
}

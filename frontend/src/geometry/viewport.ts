/** Where a slice lies on its canvas: mm <-> canvas pixels, one scale for both directions. */

import { type Box, boxCentre, extentOf } from "./box";
import { imageSizeMm, LAYOUTS, type Plane } from "./planes";
import { countOf, mmFromEdge, mmFromIndex, type Vec3, type VolumeGeometry, withAxis } from "./volume";

/** Canvas pixels are continuous: pixel k covers [k, k + 1). */
export interface Viewport {
  readonly plane: Plane;
  readonly width: number;
  readonly height: number;
  readonly pxPerMm: number;
  /** The mm coordinates at the canvas' left and top edges. */
  readonly leftMm: number;
  readonly topMm: number;
}

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * A slice fitted into a canvas at `zoom` times the fitting scale, with `centre` (mm) in the middle; at
 * zoom 1 the whole slice is shown, centred, whatever `centre` says.
 */
export function viewportOf(
  geometry: VolumeGeometry,
  plane: Plane,
  size: readonly [number, number],
  zoom: number,
  centre: Vec3,
): Viewport {
  const { across, down, downFlipped } = LAYOUTS[plane];
  const [widthMm, heightMm] = imageSizeMm(geometry, plane);
  const [width, height] = [Math.max(size[0], 1), Math.max(size[1], 1)];
  const pxPerMm = Math.min(width / widthMm, height / heightMm) * zoom;
  const middle = zoom > 1 ? centre : boxCentre(extentOf(geometry));
  const up = downFlipped ? -1 : 1;
  return {
    plane,
    width,
    height,
    pxPerMm,
    leftMm: middle[across] - width / pxPerMm / 2,
    topMm: middle[down] - (up * height) / pxPerMm / 2,
  };
}

/** Canvas pixel [x, y] of a point in mm (its coordinate along the normal does not matter). */
export function pixelFromPoint(viewport: Viewport, point: Vec3): readonly [number, number] {
  const { across, down, downFlipped } = LAYOUTS[viewport.plane];
  const downMm = downFlipped ? viewport.topMm - point[down] : point[down] - viewport.topMm;
  return [(point[across] - viewport.leftMm) * viewport.pxPerMm, downMm * viewport.pxPerMm];
}

/** The point in mm under a canvas pixel, on the slice `voxel` along the view's normal. */
export function pointFromPixel(
  geometry: VolumeGeometry,
  viewport: Viewport,
  pixel: readonly [number, number],
  voxel: number,
): Vec3 {
  const { across, down, downFlipped, normal } = LAYOUTS[viewport.plane];
  const downMm = pixel[1] / viewport.pxPerMm;
  const onNormal = withAxis([0, 0, 0], normal, mmFromIndex(geometry, normal, voxel));
  const acrossed = withAxis(onNormal, across, viewport.leftMm + pixel[0] / viewport.pxPerMm);
  return withAxis(acrossed, down, viewport.topMm + (downFlipped ? -downMm : downMm));
}

/** The rectangle on the canvas that a box covers, by its outer faces. */
export function rectangleOf(viewport: Viewport, box: Box): Rectangle {
  const a = pixelFromPoint(viewport, box.lo);
  const b = pixelFromPoint(viewport, box.hi);
  return {
    x: Math.min(a[0], b[0]),
    y: Math.min(a[1], b[1]),
    width: Math.abs(b[0] - a[0]),
    height: Math.abs(b[1] - a[1]),
  };
}

/** The rectangle on the canvas that the whole slice image covers: where to draw it. */
export function imageRectangle(geometry: VolumeGeometry, viewport: Viewport): Rectangle {
  return rectangleOf(viewport, extentOf(geometry));
}

/** Whether a box reaches into the slice `voxel` of a view: they share more than a face. */
export function crossesSlice(geometry: VolumeGeometry, plane: Plane, box: Box, voxel: number): boolean {
  const { normal } = LAYOUTS[plane];
  const tolerance = geometry.spacing_xyz_mm[normal] * 1e-6;
  return (
    box.lo[normal] < mmFromEdge(geometry, normal, voxel + 1) - tolerance &&
    box.hi[normal] > mmFromEdge(geometry, normal, voxel) + tolerance
  );
}

/** First and last slice of a view that a box reaches into, on the grid. */
export function slicesOf(geometry: VolumeGeometry, plane: Plane, box: Box): readonly [number, number] {
  const { normal } = LAYOUTS[plane];
  const last = countOf(geometry, normal) - 1;
  const edge = (mm: number) => (mm - mmFromEdge(geometry, normal, 0)) / geometry.spacing_xyz_mm[normal];
  const first = Math.floor(edge(box.lo[normal]) + 1e-6);
  const end = Math.ceil(edge(box.hi[normal]) - 1e-6) - 1;
  return [Math.min(Math.max(first, 0), last), Math.min(Math.max(end, 0), last)];
}

/** A round length in mm (1, 2 or 5 times a power of ten) that is at most `maxPx` long on the canvas. */
export function scaleBarMm(pxPerMm: number, maxPx: number): number {
  const most = maxPx / pxPerMm;
  const power = 10 ** Math.floor(Math.log10(most));
  const factor = [5, 2, 1].find((candidate) => candidate * power <= most) ?? 1;
  return factor * power;
}

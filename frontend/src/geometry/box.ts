/** Boxes in mm: drawing, snapping, clipping, moving and resizing them on a grid. */

import {
  AXES,
  type Axis,
  countOf,
  edgeFromMm,
  mmFromEdge,
  type Vec3,
  type VolumeGeometry,
  withAxis,
} from "./volume";

/** An axis-aligned box in mm, LPS, (x, y, z), with lo < hi on every axis. */
export interface Box {
  readonly lo: Vec3;
  readonly hi: Vec3;
}

/** Which face of a box: the lower or the upper one along an axis. */
export interface Face {
  readonly axis: Axis;
  readonly side: "lo" | "hi";
}

export function boxSize(box: Box): Vec3 {
  return [box.hi[0] - box.lo[0], box.hi[1] - box.lo[1], box.hi[2] - box.lo[2]];
}

export function boxCentre(box: Box): Vec3 {
  return [(box.lo[0] + box.hi[0]) / 2, (box.lo[1] + box.hi[1]) / 2, (box.lo[2] + box.hi[2]) / 2];
}

export function boxContains(box: Box, point: Vec3): boolean {
  return AXES.every((axis) => box.lo[axis] <= point[axis] && point[axis] <= box.hi[axis]);
}

export function sameBox(a: Box, b: Box): boolean {
  return AXES.every((axis) => a.lo[axis] === b.lo[axis] && a.hi[axis] === b.hi[axis]);
}

/** The outer faces of the whole volume. */
export function extentOf(geometry: VolumeGeometry): Box {
  return {
    lo: [mmFromEdge(geometry, 0, 0), mmFromEdge(geometry, 1, 0), mmFromEdge(geometry, 2, 0)],
    hi: [
      mmFromEdge(geometry, 0, countOf(geometry, 0)),
      mmFromEdge(geometry, 1, countOf(geometry, 1)),
      mmFromEdge(geometry, 2, countOf(geometry, 2)),
    ],
  };
}

/** Outer faces of the voxels first..last (inclusive) given as (x, y, z) indices. */
export function boxFromVoxels(geometry: VolumeGeometry, first: Vec3, last: Vec3): Box {
  const face = (axis: Axis, edge: number) => mmFromEdge(geometry, axis, edge);
  return {
    lo: [face(0, first[0]), face(1, first[1]), face(2, first[2])],
    hi: [face(0, last[0] + 1), face(1, last[1] + 1), face(2, last[2] + 1)],
  };
}

/**
 * A face position as the editor keeps it: z on the nearest slice face, x and y left as they are, all
 * within the volume. Slices are thick, so a z face between two slice faces would claim more than is seen.
 */
export function snapFace(geometry: VolumeGeometry, axis: Axis, mm: number): number {
  const count = countOf(geometry, axis);
  const edge = Math.min(Math.max(edgeFromMm(geometry, axis, mm), 0), count);
  // At the ends the face itself is taken, so that rounding never leaves the volume's extent.
  if (axis === 2 || edge === 0 || edge === count) {
    return mmFromEdge(geometry, axis, Math.round(edge));
  }
  return mm;
}

/** The box with its faces as the editor keeps them: within the volume, z on slice faces, a voxel wide. */
export function snapBox(geometry: VolumeGeometry, box: Box): Box {
  let snapped = boxFromPoints(geometry, [box.lo, box.hi]);
  for (const side of ["lo", "hi"] as const) {
    snapped = moveFace(geometry, snapped, { axis: 2, side }, box[side][2]);
  }
  return snapped;
}

/** Moves one face; the box keeps at least one voxel along the axis and stays within the volume. */
export function moveFace(geometry: VolumeGeometry, box: Box, face: Face, mm: number): Box {
  const { axis, side } = face;
  const fixed = side === "lo" ? box.hi[axis] : box.lo[axis];
  const fixedEdge = edgeFromMm(geometry, axis, fixed);
  const wantedEdge = edgeFromMm(geometry, axis, mm);
  const tooThin = side === "lo" ? wantedEdge > fixedEdge - 1 : wantedEdge < fixedEdge + 1;
  const spacing = geometry.spacing_xyz_mm[axis];
  const target = tooThin ? fixed + (side === "lo" ? -spacing : spacing) : mm;
  const snapped = snapFace(geometry, axis, target);
  return side === "lo"
    ? { lo: withAxis(box.lo, axis, snapped), hi: box.hi }
    : { lo: box.lo, hi: withAxis(box.hi, axis, snapped) };
}

/**
 * The box that bounds extreme points: x and y exactly, z by the outer faces of the slices that hold the
 * points; clipped to the volume and at least one voxel wide.
 */
export function boxFromPoints(geometry: VolumeGeometry, points: readonly Vec3[]): Box {
  const extent = extentOf(geometry);
  let lo: Vec3 = extent.lo;
  let hi: Vec3 = extent.hi;
  for (const axis of AXES) {
    const values = points.map((point) => point[axis]);
    const [first, last] = bounds(geometry, axis, Math.min(...values), Math.max(...values));
    lo = withAxis(lo, axis, first);
    hi = withAxis(hi, axis, last);
  }
  return { lo, hi };
}

function bounds(geometry: VolumeGeometry, axis: Axis, lo: number, hi: number): [number, number] {
  const count = countOf(geometry, axis);
  const onGrid = (edge: number) => Math.min(Math.max(edge, 0), count);
  if (axis === 2) {
    const first = Math.min(Math.floor(onGrid(edgeFromMm(geometry, axis, lo))), count - 1);
    const last = Math.max(Math.ceil(onGrid(edgeFromMm(geometry, axis, hi))), first + 1);
    return [mmFromEdge(geometry, axis, first), mmFromEdge(geometry, axis, last)];
  }
  const spacing = geometry.spacing_xyz_mm[axis];
  const widen = Math.max(0, spacing - (hi - lo)) / 2;
  const centreLimit = (mm: number, from: number, to: number) => Math.min(Math.max(mm, from), to);
  const first = mmFromEdge(geometry, axis, 0);
  const end = mmFromEdge(geometry, axis, count);
  return [
    snapFace(geometry, axis, centreLimit(lo - widen, first, end - spacing)),
    snapFace(geometry, axis, centreLimit(hi + widen, first + spacing, end)),
  ];
}

/** The box moved by whole voxels (x, y, z), stopping at the volume's outer faces; its size is kept. */
export function moveByVoxels(geometry: VolumeGeometry, box: Box, voxelsXyz: Vec3): Box {
  return moveByMm(geometry, box, [
    voxelsXyz[0] * geometry.spacing_xyz_mm[0],
    voxelsXyz[1] * geometry.spacing_xyz_mm[1],
    voxelsXyz[2] * geometry.spacing_xyz_mm[2],
  ]);
}

/** The box moved by mm, whole slices along z, stopping at the volume's outer faces; its size is kept. */
export function moveByMm(geometry: VolumeGeometry, box: Box, mm: Vec3): Box {
  const extent = extentOf(geometry);
  let { lo, hi } = box;
  for (const axis of AXES) {
    if (mm[axis] === 0) {
      continue;
    }
    const spacing = geometry.spacing_xyz_mm[axis];
    const wanted = axis === 2 ? Math.round(mm[axis] / spacing) * spacing : mm[axis];
    const room: readonly [number, number] = [extent.lo[axis] - box.lo[axis], extent.hi[axis] - box.hi[axis]];
    const shift = Math.min(Math.max(wanted, room[0]), room[1]);
    lo = withAxis(lo, axis, snapFace(geometry, axis, box.lo[axis] + shift));
    hi = withAxis(hi, axis, snapFace(geometry, axis, box.hi[axis] + shift));
  }
  return { lo, hi };
}

/**
 * A rectangle drawn in one view, given a depth along the view's normal: lesions are about as deep as
 * they are wide, so the depth is the mean side of the rectangle, in whole voxels around the slice shown.
 */
export function boxFromRectangle(
  geometry: VolumeGeometry,
  from: Vec3,
  to: Vec3,
  normal: Axis,
  voxel: number,
): Box {
  const flat = snapBox(geometry, {
    lo: [Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.min(from[2], to[2])],
    hi: [Math.max(from[0], to[0]), Math.max(from[1], to[1]), Math.max(from[2], to[2])],
  });
  const sides = AXES.filter((axis) => axis !== normal).map((axis) => boxSize(flat)[axis]);
  const mean = sides.reduce((sum, side) => sum + side, 0) / 2;
  const halfDepth = Math.floor(mean / geometry.spacing_xyz_mm[normal] / 2);
  const first = Math.max(voxel - halfDepth, 0);
  const last = Math.min(voxel + halfDepth, countOf(geometry, normal) - 1);
  return {
    lo: withAxis(flat.lo, normal, mmFromEdge(geometry, normal, first)),
    hi: withAxis(flat.hi, normal, mmFromEdge(geometry, normal, last + 1)),
  };
}

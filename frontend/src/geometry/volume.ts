/**
 * Geometry of a canonical volume, decided as in detector/geometry.py: millimetres in LPS, identity
 * direction. The array is (z, y, x); spacing, origin and points are (x, y, z) and say so in their names.
 * The origin is the centre of voxel 0; faces lie half a voxel outside: origin + (edge - 0.5) * spacing.
 */

/** (x, y, z), in millimetres unless the name says otherwise. */
export type Vec3 = readonly [number, number, number];

/** 0 = x (towards the patient's left), 1 = y (towards the back), 2 = z (towards the head). */
export type Axis = 0 | 1 | 2;

export const AXES: readonly Axis[] = [0, 1, 2];

/** The grid as the API gives it. */
export interface VolumeGeometry {
  readonly shape_zyx: Vec3;
  readonly spacing_xyz_mm: Vec3;
  readonly origin_xyz_mm: Vec3;
}

/** A vector with one component replaced. */
export function withAxis(vector: Vec3, axis: Axis, value: number): Vec3 {
  return [axis === 0 ? value : vector[0], axis === 1 ? value : vector[1], axis === 2 ? value : vector[2]];
}

/** Number of voxels along an axis. */
export function countOf(geometry: VolumeGeometry, axis: Axis): number {
  return geometry.shape_zyx[(2 - axis) as Axis];
}

/** Position in mm of the centre of a (fractional) voxel index along one axis. */
export function mmFromIndex(geometry: VolumeGeometry, axis: Axis, index: number): number {
  return geometry.origin_xyz_mm[axis] + index * geometry.spacing_xyz_mm[axis];
}

/** Fractional voxel index of a position in mm along one axis: the inverse of mmFromIndex. */
export function indexFromMm(geometry: VolumeGeometry, axis: Axis, mm: number): number {
  return (mm - geometry.origin_xyz_mm[axis]) / geometry.spacing_xyz_mm[axis];
}

/** Position in mm of a voxel edge: edge i is the lower face of voxel i, edge i + 1 its upper face. */
export function mmFromEdge(geometry: VolumeGeometry, axis: Axis, edge: number): number {
  return mmFromIndex(geometry, axis, edge - 0.5);
}

/** Fractional voxel edge of a position in mm: the inverse of mmFromEdge. */
export function edgeFromMm(geometry: VolumeGeometry, axis: Axis, mm: number): number {
  return indexFromMm(geometry, axis, mm) + 0.5;
}

/** Centre in mm of a voxel given as an (x, y, z) index. */
export function pointFromVoxel(geometry: VolumeGeometry, voxelXyz: Vec3): Vec3 {
  return [
    mmFromIndex(geometry, 0, voxelXyz[0]),
    mmFromIndex(geometry, 1, voxelXyz[1]),
    mmFromIndex(geometry, 2, voxelXyz[2]),
  ];
}

/** The voxel (x, y, z) whose cell holds a point in mm, clamped to the grid. */
export function voxelFromPoint(geometry: VolumeGeometry, point: Vec3): Vec3 {
  const along = (axis: Axis) =>
    clampVoxel(geometry, axis, Math.floor(edgeFromMm(geometry, axis, point[axis])));
  return [along(0), along(1), along(2)];
}

/** A voxel index along one axis, kept on the grid. */
export function clampVoxel(geometry: VolumeGeometry, axis: Axis, index: number): number {
  return Math.min(Math.max(index, 0), countOf(geometry, axis) - 1);
}

import { describe, expect, it } from "vitest";
import {
  type Box,
  boxFromPoints,
  boxFromRectangle,
  boxFromVoxels,
  boxSize,
  extentOf,
  moveByVoxels,
  moveFace,
  snapBox,
} from "./box";
import { ASYMMETRIC, randomGrid, seeded } from "./example";
import { AXES, edgeFromMm, pointFromVoxel, type Vec3, type VolumeGeometry, voxelFromPoint } from "./volume";

const MANY = 150;

/** What is wrong with a box that should lie in the volume, be a voxel wide and end on slice faces. */
function faults(geometry: VolumeGeometry, box: Box): string[] {
  const extent = extentOf(geometry);
  const wrong: string[] = [];
  for (const axis of AXES) {
    if (box.lo[axis] < extent.lo[axis] || box.hi[axis] > extent.hi[axis]) wrong.push(`outside along ${axis}`);
    if (boxSize(box)[axis] < geometry.spacing_xyz_mm[axis] * (1 - 1e-6)) wrong.push(`too thin along ${axis}`);
  }
  for (const z of [box.lo[2], box.hi[2]]) {
    const edge = edgeFromMm(geometry, 2, z);
    if (Math.abs(edge - Math.round(edge)) > 1e-6) wrong.push(`z face ${edge} is between slices`);
  }
  return wrong;
}

const expectKept = (geometry: VolumeGeometry, box: Box) => expect(faults(geometry, box)).toEqual([]);

describe("a volume's extent", () => {
  it("lies half a voxel outside the outermost centres", () => {
    const extent = extentOf(ASYMMETRIC);
    const close = (actual: Vec3, wanted: Vec3) =>
      AXES.forEach((axis) => {
        expect(actual[axis]).toBeCloseTo(wanted[axis], 9);
      });
    close(extent.lo, [-31.65, 12.05, -405]);
    close(extent.hi, [-25.35, 21.15, -380]);
  });

  it("finds every voxel again from its centre, in x, y, z order", () => {
    for (const voxel of [
      [0, 0, 0],
      [8, 6, 4],
      [3, 1, 2],
    ] as Vec3[]) {
      expect(voxelFromPoint(ASYMMETRIC, pointFromVoxel(ASYMMETRIC, voxel))).toEqual(voxel);
    }
  });
});

describe("a box from extreme points", () => {
  it("bounds the points, takes whole slices and stays in the volume", () => {
    const random = seeded(1);
    for (let i = 0; i < MANY; i++) {
      const { geometry, point } = randomGrid(random);
      const points = [point(), point(), point(), point(), point(), point()];
      const box = boxFromPoints(geometry, points);
      expectKept(geometry, box);
      const extent = extentOf(geometry);
      const missed = points.flatMap((p) =>
        AXES.filter((axis) => {
          const inside = Math.min(Math.max(p[axis], extent.lo[axis]), extent.hi[axis]);
          return box.lo[axis] > inside + 1e-9 || box.hi[axis] < inside - 1e-9;
        }),
      );
      expect(missed).toEqual([]);
    }
  });

  it("keeps x and y exactly as clicked and includes the clicked slices wholly", () => {
    const low = pointFromVoxel(ASYMMETRIC, [2, 1, 1]);
    const high = pointFromVoxel(ASYMMETRIC, [6, 5, 3]);
    const box = boxFromPoints(ASYMMETRIC, [high, low]);
    expect([box.lo[0], box.lo[1], box.hi[0], box.hi[1]]).toEqual([low[0], low[1], high[0], high[1]]);
    const slices = boxFromVoxels(ASYMMETRIC, [0, 0, 1], [0, 0, 3]);
    expect([box.lo[2], box.hi[2]]).toEqual([slices.lo[2], slices.hi[2]]);
  });
});

describe("moving a face", () => {
  it("never leaves the volume, never turns the box over, moves no other face", () => {
    const random = seeded(2);
    for (let i = 0; i < MANY; i++) {
      const { geometry, point } = randomGrid(random);
      const box = boxFromPoints(geometry, [point(), point()]);
      for (const axis of AXES) {
        for (const side of ["lo", "hi"] as const) {
          const moved = moveFace(geometry, box, { axis, side }, point()[axis]);
          expectKept(geometry, moved);
          const before = { lo: [...box.lo], hi: [...box.hi] };
          before[side][axis] = moved[side][axis];
          expect(moved).toEqual(before);
        }
      }
    }
  });

  it("puts z on the nearest slice face and x where it was asked", () => {
    const box = boxFromVoxels(ASYMMETRIC, [2, 2, 1], [4, 4, 2]);
    const raised = moveFace(ASYMMETRIC, box, { axis: 2, side: "hi" }, box.hi[2] + 3);
    expect(raised.hi[2]).toBe(boxFromVoxels(ASYMMETRIC, [0, 0, 0], [0, 0, 3]).hi[2]);
    const wider = moveFace(ASYMMETRIC, box, { axis: 0, side: "lo" }, -30.123);
    expect(wider.lo[0]).toBe(-30.123);
  });
});

describe("moving a box", () => {
  it("keeps its size and stops at the volume's faces", () => {
    const random = seeded(3);
    for (let i = 0; i < MANY; i++) {
      const { geometry, point } = randomGrid(random);
      const box = boxFromPoints(geometry, [point(), point()]);
      const step = () => Math.floor(random() * 21) - 10;
      const moved = moveByVoxels(geometry, box, [step(), step(), step()]);
      expectKept(geometry, moved);
      for (const axis of AXES) {
        expect(boxSize(moved)[axis]).toBeCloseTo(boxSize(box)[axis], 6);
      }
    }
  });

  it("by one voxel on each axis moves it by one spacing each", () => {
    const box = boxFromVoxels(ASYMMETRIC, [2, 2, 1], [4, 4, 2]);
    const moved = moveByVoxels(ASYMMETRIC, box, [1, -1, 1]);
    expect(moved.lo[0] - box.lo[0]).toBeCloseTo(0.7, 9);
    expect(moved.lo[1] - box.lo[1]).toBeCloseTo(-1.3, 9);
    expect(moved.lo[2] - box.lo[2]).toBeCloseTo(5, 9);
  });
});

describe("a box taken over from elsewhere", () => {
  it("keeps x and y and gets z on slice faces", () => {
    const box: Box = { lo: [-30, 14, -399.1], hi: [-27, 18, -391] };
    const snapped = snapBox(ASYMMETRIC, box);
    expect(snapped).toEqual({ lo: [-30, 14, -400], hi: [-27, 18, -390] });
    expect(snapBox(ASYMMETRIC, snapped)).toEqual(snapped);
  });

  it("is clipped to the volume", () => {
    const random = seeded(4);
    for (let i = 0; i < MANY; i++) {
      const { geometry, point } = randomGrid(random);
      const corner = point();
      const box: Box = { lo: corner, hi: [corner[0] + 7, corner[1] + 3, corner[2] + 11] };
      expectKept(geometry, snapBox(geometry, box));
    }
  });
});

describe("a rectangle drawn in one view", () => {
  it("gets the mean of its sides as its depth, in whole voxels around the slice", () => {
    const grid: VolumeGeometry = {
      shape_zyx: [40, 100, 100],
      spacing_xyz_mm: [1, 1, 2.5],
      origin_xyz_mm: [0, 0, 0],
    };
    const box = boxFromRectangle(grid, [10, 20, 25], [30, 44, 25], 2, 10);
    expect([box.lo[0], box.hi[0], box.lo[1], box.hi[1]]).toEqual([10, 30, 20, 44]);
    expect(box).toMatchObject({ lo: [10, 20, 13.75], hi: [30, 44, 36.25] });
  });

  it("drawn from slice face to slice face in an upright view holds those slices and no more", () => {
    const random = seeded(8);
    for (let i = 0; i < MANY; i++) {
      const { geometry } = randomGrid(random);
      const [depth, height] = geometry.shape_zyx;
      const first = Math.floor(random() * depth);
      const last = first + Math.floor(random() * (depth - first));
      const wanted = boxFromVoxels(geometry, [0, 0, first], [1, 1, last]);
      const wobble = () => (random() - 0.5) * 0.4 * geometry.spacing_xyz_mm[2];
      const from: Vec3 = [wanted.lo[0], 0, wanted.lo[2] + wobble()];
      const to: Vec3 = [wanted.hi[0], 0, wanted.hi[2] + wobble()];
      const box = boxFromRectangle(geometry, to, from, 1, Math.floor(height / 2));
      expectKept(geometry, box);
      expect([box.lo[2], box.hi[2]]).toEqual([wanted.lo[2], wanted.hi[2]]);
    }
  });
});

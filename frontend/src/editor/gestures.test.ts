import { describe, expect, it } from "vitest";
import { type Box, boxFromVoxels } from "../geometry/box";
import { ASYMMETRIC } from "../geometry/example";
import { PLANES } from "../geometry/planes";
import { pixelFromPoint, pointFromPixel, rectangleOf, viewportOf } from "../geometry/viewport";
import { AXES } from "../geometry/volume";
import { dragged, endedOnSlice, faceOf, handlesOf, nudged, nudgeStep, resized } from "./gestures";

const BOX = boxFromVoxels(ASYMMETRIC, [2, 2, 1], [5, 4, 2]);
const OFF = { x: 0, y: 0 };

function changed(before: Box, after: Box): string[] {
  return AXES.flatMap((axis) =>
    (["lo", "hi"] as const)
      .filter((side) => Math.abs(before[side][axis] - after[side][axis]) > 1e-9)
      .map((side) => `${side} ${"xyz"[axis]}`),
  );
}

describe("a handle", () => {
  it("lies on its face and takes the face along to where it is dropped, in every view", () => {
    for (const plane of PLANES) {
      const viewport = viewportOf(ASYMMETRIC, plane, [600, 600], 1, [0, 0, 0]);
      const at = (x: number, y: number) => pointFromPixel(ASYMMETRIC, viewport, [x, y], 0);
      for (const handle of handlesOf(rectangleOf(viewport, BOX))) {
        const faces = handle.sides.map((side) => faceOf(plane, side));
        const here = pixelFromPoint(viewport, at(handle.x, handle.y));
        expect(here[0]).toBeCloseTo(handle.x, 6);
        for (const face of faces) {
          expect(at(handle.x, handle.y)[face.axis]).toBeCloseTo(BOX[face.side][face.axis], 6);
        }
        const shift = { ...OFF };
        if (handle.sides.includes("left")) shift.x = -20;
        if (handle.sides.includes("right")) shift.x = 20;
        if (handle.sides.includes("top")) shift.y = -20;
        if (handle.sides.includes("bottom")) shift.y = 20;
        const to = at(handle.x + shift.x, handle.y + shift.y);
        const box = dragged(ASYMMETRIC, { kind: "faces", faces, box: BOX, from: at(handle.x, handle.y) }, to);
        for (const face of faces.filter(({ axis }) => axis !== 2)) {
          expect(box[face.side][face.axis]).toBeCloseTo(to[face.axis], 6);
        }
        const allowed = faces.map((face) => `${face.side} ${"xyz"[face.axis]}`);
        for (const what of changed(BOX, box)) expect(allowed).toContain(what);
      }
    }
  });

  it("is outside a box too small to hold it", () => {
    const [left] = handlesOf({ x: 100, y: 100, width: 8, height: 8 });
    expect(left).toMatchObject({ name: "left", y: 104 });
    expect(left!.x).toBeLessThan(95);
  });

  it("of the top of a coronal view is the box's upper z face", () => {
    expect(faceOf("coronal", "top")).toEqual({ axis: 2, side: "hi" });
    expect(faceOf("axial", "top")).toEqual({ axis: 1, side: "lo" });
    expect(faceOf("sagittal", "left")).toEqual({ axis: 1, side: "lo" });
  });
});

describe("arrow keys", () => {
  it("move a box by one voxel the way they point", () => {
    const by = (plane: (typeof PLANES)[number], arrow: Parameters<typeof nudged>[3]) => {
      const box = nudged(ASYMMETRIC, BOX, plane, arrow);
      return AXES.map((axis) => Math.round((box.lo[axis] - BOX.lo[axis]) / ASYMMETRIC.spacing_xyz_mm[axis]));
    };
    expect(by("axial", "ArrowRight")).toEqual([1, 0, 0]);
    expect(by("axial", "ArrowUp")).toEqual([0, -1, 0]);
    expect(by("coronal", "ArrowUp")).toEqual([0, 0, 1]);
    expect(by("sagittal", "ArrowLeft")).toEqual([0, -1, 0]);
    expect(by("sagittal", "ArrowDown")).toEqual([0, 0, -1]);
  });

  it("with Shift move the right or the bottom side by one voxel", () => {
    expect(changed(BOX, resized(ASYMMETRIC, BOX, "axial", "ArrowRight"))).toEqual(["hi x"]);
    expect(changed(BOX, resized(ASYMMETRIC, BOX, "coronal", "ArrowDown"))).toEqual(["lo z"]);
    const lower = resized(ASYMMETRIC, BOX, "coronal", "ArrowDown");
    expect(BOX.lo[2] - lower.lo[2]).toBeCloseTo(5, 9);
    const narrower = resized(ASYMMETRIC, BOX, "axial", "ArrowLeft");
    expect(BOX.hi[0] - narrower.hi[0]).toBeCloseTo(0.7, 9);
  });
});

describe("dragging", () => {
  it("inside a box moves it within the view and leaves its depth alone", () => {
    const drag = { kind: "move", plane: "axial", box: BOX, from: [0, 0, 0] } as const;
    const box = dragged(ASYMMETRIC, drag, [0.35, 1.3, 40]);
    expect(box.lo[0] - BOX.lo[0]).toBeCloseTo(0.35, 9);
    expect(box.lo[1] - BOX.lo[1]).toBeCloseTo(1.3, 9);
    expect([box.lo[2], box.hi[2]]).toEqual([BOX.lo[2], BOX.hi[2]]);
  });
});

describe("ending a box on the slice shown", () => {
  it("takes that slice in", () => {
    const whole = boxFromVoxels(ASYMMETRIC, [2, 2, 0], [5, 4, 4]);
    const cut = endedOnSlice(ASYMMETRIC, endedOnSlice(ASYMMETRIC, whole, "head", 3), "feet", 1);
    expect(cut).toEqual(boxFromVoxels(ASYMMETRIC, [2, 2, 1], [5, 4, 3]));
  });
});

describe("a step of a phase that is moved", () => {
  const [sx, sy, sz] = ASYMMETRIC.spacing_xyz_mm;

  it("is a voxel along the arrow as one sees it, and a slice the way that the wheel goes", () => {
    expect(nudgeStep(ASYMMETRIC, "axial", "ArrowRight", false)).toEqual([sx, 0, 0]);
    expect(nudgeStep(ASYMMETRIC, "axial", "ArrowUp", false)).toEqual([0, -sy, 0]);
    expect(nudgeStep(ASYMMETRIC, "coronal", "ArrowUp", false)).toEqual([0, 0, sz]);
    expect(nudgeStep(ASYMMETRIC, "sagittal", "ArrowLeft", false)).toEqual([0, -sy, 0]);
    expect(nudgeStep(ASYMMETRIC, "axial", "PageUp", false)).toEqual([0, 0, sz]);
    expect(nudgeStep(ASYMMETRIC, "coronal", "PageDown", false)).toEqual([0, sy, 0]);
  });

  it("is half a millimetre with Shift, whatever the voxels", () => {
    expect(nudgeStep(ASYMMETRIC, "axial", "PageDown", true)).toEqual([0, 0, -0.5]);
    expect(nudgeStep(ASYMMETRIC, "sagittal", "ArrowDown", true)).toEqual([0, 0, -0.5]);
  });
});

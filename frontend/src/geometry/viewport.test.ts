import { describe, expect, it } from "vitest";
import { boxFromVoxels, extentOf } from "./box";
import { ASYMMETRIC, randomGrid, seeded } from "./example";
import { LAYOUTS, PLANES } from "./planes";
import {
  crossesSlice,
  imageRectangle,
  pixelFromPoint,
  pointFromPixel,
  rectangleOf,
  scaleBarMm,
  slicesOf,
  viewportOf,
} from "./viewport";
import { AXES, pointFromVoxel, type Vec3, withAxis } from "./volume";

const CENTRE: Vec3 = [-29, 15, -395];

describe("mm and canvas pixels", () => {
  it("are each other's inverse in every view, at every zoom", () => {
    const random = seeded(5);
    for (let i = 0; i < 60; i++) {
      const { geometry, point } = randomGrid(random);
      for (const plane of PLANES) {
        const viewport = viewportOf(geometry, plane, [640, 333], 1 + 5 * random(), point());
        const pixel = [random() * 640, random() * 333] as const;
        const back = pixelFromPoint(viewport, pointFromPixel(geometry, viewport, pixel, 0));
        expect(back[0]).toBeCloseTo(pixel[0], 6);
        expect(back[1]).toBeCloseTo(pixel[1], 6);
      }
    }
  });

  it("put the whole slice in the middle at zoom 1, to scale", () => {
    const viewport = viewportOf(ASYMMETRIC, "axial", [400, 400], 1, CENTRE);
    const image = imageRectangle(ASYMMETRIC, viewport);
    expect(image.height).toBeCloseTo(400, 9);
    expect(image.width / image.height).toBeCloseTo((9 * 0.7) / (7 * 1.3), 9);
    expect(image.x).toBeCloseTo((400 - image.width) / 2, 9);
  });

  it("keep the wanted centre in the middle of a magnified view", () => {
    for (const plane of PLANES) {
      const viewport = viewportOf(ASYMMETRIC, plane, [300, 200], 3, CENTRE);
      const [x, y] = pixelFromPoint(viewport, CENTRE);
      expect(x).toBeCloseTo(150, 6);
      expect(y).toBeCloseTo(100, 6);
    }
  });
});

describe("orientation", () => {
  const at = (plane: (typeof PLANES)[number], point: Vec3) =>
    pixelFromPoint(viewportOf(ASYMMETRIC, plane, [300, 300], 1, CENTRE), point);
  const moved = (axis: 0 | 1 | 2) => withAxis(CENTRE, axis, CENTRE[axis] + 1);

  it("shows the patient's left on the right of axial and coronal views", () => {
    for (const plane of ["axial", "coronal"] as const) {
      expect(at(plane, moved(0))[0]).toBeGreaterThan(at(plane, CENTRE)[0]);
      expect(LAYOUTS[plane].letters).toMatchObject({ left: "R", right: "L" });
    }
  });

  it("shows the back at the bottom of axial and on the right of sagittal views", () => {
    expect(at("axial", moved(1))[1]).toBeGreaterThan(at("axial", CENTRE)[1]);
    expect(at("sagittal", moved(1))[0]).toBeGreaterThan(at("sagittal", CENTRE)[0]);
    expect(LAYOUTS.axial.letters).toMatchObject({ top: "A", bottom: "P" });
    expect(LAYOUTS.sagittal.letters).toMatchObject({ left: "A", right: "P" });
  });

  it("shows the head at the top of coronal and sagittal views", () => {
    for (const plane of ["coronal", "sagittal"] as const) {
      expect(at(plane, moved(2))[1]).toBeLessThan(at(plane, CENTRE)[1]);
      expect(LAYOUTS[plane].letters).toMatchObject({ top: "H", bottom: "F" });
    }
  });
});

describe("a box on a slice", () => {
  it("spans half a voxel beyond the centres of its outermost voxels", () => {
    const box = boxFromVoxels(ASYMMETRIC, [2, 1, 1], [4, 5, 3]);
    for (const plane of PLANES) {
      const viewport = viewportOf(ASYMMETRIC, plane, [500, 500], 1, CENTRE);
      const { across, down } = LAYOUTS[plane];
      const a = pixelFromPoint(viewport, pointFromVoxel(ASYMMETRIC, [2, 1, 1]));
      const b = pixelFromPoint(viewport, pointFromVoxel(ASYMMETRIC, [4, 5, 3]));
      const half = (axis: 0 | 1 | 2) => (ASYMMETRIC.spacing_xyz_mm[axis] * viewport.pxPerMm) / 2;
      const rectangle = rectangleOf(viewport, box);
      expect(rectangle.x).toBeCloseTo(Math.min(a[0], b[0]) - half(across), 6);
      expect(rectangle.y).toBeCloseTo(Math.min(a[1], b[1]) - half(down), 6);
      expect(rectangle.width).toBeCloseTo(Math.abs(b[0] - a[0]) + 2 * half(across), 6);
      expect(rectangle.height).toBeCloseTo(Math.abs(b[1] - a[1]) + 2 * half(down), 6);
    }
  });

  it("is seen on exactly the slices that it holds", () => {
    const box = boxFromVoxels(ASYMMETRIC, [2, 1, 1], [4, 5, 3]);
    const seen = (plane: (typeof PLANES)[number], count: number) =>
      Array.from({ length: count }, (_, i) => i).filter((i) => crossesSlice(ASYMMETRIC, plane, box, i));
    expect(seen("axial", 5)).toEqual([1, 2, 3]);
    expect(seen("coronal", 7)).toEqual([1, 2, 3, 4, 5]);
    expect(seen("sagittal", 9)).toEqual([2, 3, 4]);
    expect(PLANES.map((plane) => slicesOf(ASYMMETRIC, plane, box))).toEqual([
      [1, 3],
      [1, 5],
      [2, 4],
    ]);
  });

  it("of the whole volume is the image's own rectangle", () => {
    for (const plane of PLANES) {
      const viewport = viewportOf(ASYMMETRIC, plane, [500, 400], 2, CENTRE);
      expect(rectangleOf(viewport, extentOf(ASYMMETRIC))).toEqual(imageRectangle(ASYMMETRIC, viewport));
    }
  });
});

describe("a scale bar", () => {
  it("is round and as long as fits", () => {
    expect(scaleBarMm(2, 120)).toBe(50);
    expect(scaleBarMm(2, 90)).toBe(20);
    expect(scaleBarMm(20, 90)).toBe(2);
    expect(AXES.map((axis) => scaleBarMm(10 ** axis, 100))).toEqual([100, 10, 1]);
  });
});

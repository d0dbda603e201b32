import { describe, expect, it } from "vitest";
import { boxFromVoxels } from "../geometry/box";
import { ASYMMETRIC } from "../geometry/example";
import { imageSize, LAYOUTS, PLANES, type Plane } from "../geometry/planes";
import { imageRectangle, rectangleOf, viewportOf } from "../geometry/viewport";
import type { Vec3 } from "../geometry/volume";
import { PhaseVolume } from "./phaseVolume";
import { writeSlice } from "./slices";
import { lookupTable } from "./windows";

const WHITE = 0xffffffff;
const BLACK = 0xff000000;
const TABLE = lookupTable({ level: 50, width: 10 });

/** A volume of 0 HU with 100 HU in the voxels first..last, (x, y, z) inclusive. */
function phantom(first: Vec3, last: Vec3): PhaseVolume {
  const volume = new PhaseVolume("portal_venous", ASYMMETRIC);
  const [depth, height, width] = ASYMMETRIC.shape_zyx;
  const values = new Int16Array(depth * height * width);
  for (let z = first[2]; z <= last[2]; z++) {
    for (let y = first[1]; y <= last[1]; y++) {
      values.fill(100, (z * height + y) * width + first[0], (z * height + y) * width + last[0] + 1);
    }
  }
  volume.put(0, values);
  return volume;
}

function lit(volume: PhaseVolume, plane: Plane, voxel: number): [number, number][] {
  const [width, height] = imageSize(ASYMMETRIC, plane);
  const pixels = new Uint32Array(width * height);
  writeSlice(volume, plane, voxel, TABLE, pixels);
  const found: [number, number][] = [];
  pixels.forEach((pixel, i) => {
    expect([WHITE, BLACK]).toContain(pixel);
    if (pixel === WHITE) found.push([i % width, Math.floor(i / width)]);
  });
  return found;
}

describe("the pixels of a slice", () => {
  it("show one voxel at its place in every view: [column from the left, row from the top]", () => {
    const volume = phantom([2, 1, 3], [2, 1, 3]);
    expect(lit(volume, "axial", 3)).toEqual([[2, 1]]);
    expect(lit(volume, "coronal", 1)).toEqual([[2, 1]]); // 5 slices: z 3 is the second row from the head
    expect(lit(volume, "sagittal", 2)).toEqual([[1, 1]]);
  });

  it("show it on no other slice", () => {
    const volume = phantom([2, 1, 3], [2, 1, 3]);
    const others = { axial: [0, 1, 2, 4], coronal: [0, 2, 6], sagittal: [0, 1, 3, 8] };
    for (const plane of PLANES) {
      for (const voxel of others[plane]) expect(lit(volume, plane, voxel)).toEqual([]);
    }
  });

  it("are enclosed precisely by the rectangle of the box around the same voxels", () => {
    const [first, last]: [Vec3, Vec3] = [
      [2, 1, 1],
      [6, 3, 3],
    ];
    const volume = phantom(first, last);
    for (const plane of PLANES) {
      const viewport = viewportOf(ASYMMETRIC, plane, [700, 420], 1, [0, 0, 0]);
      const image = imageRectangle(ASYMMETRIC, viewport);
      const [width, height] = imageSize(ASYMMETRIC, plane);
      const [px, py] = [image.width / width, image.height / height];
      const pixels = lit(volume, plane, first[LAYOUTS[plane].normal]);
      const columns = pixels.map(([column]) => column);
      const rows = pixels.map(([, row]) => row);
      const rectangle = rectangleOf(viewport, boxFromVoxels(ASYMMETRIC, first, last));
      expect(rectangle.x).toBeCloseTo(image.x + Math.min(...columns) * px, 6);
      expect(rectangle.y).toBeCloseTo(image.y + Math.min(...rows) * py, 6);
      expect(rectangle.x + rectangle.width).toBeCloseTo(image.x + (Math.max(...columns) + 1) * px, 6);
      expect(rectangle.y + rectangle.height).toBeCloseTo(image.y + (Math.max(...rows) + 1) * py, 6);
      expect(pixels.length).toBe(new Set(columns).size * new Set(rows).size);
    }
  });

  it("are transparent where a slice has not arrived", () => {
    const volume = new PhaseVolume("arterial", ASYMMETRIC);
    volume.put(4, new Int16Array(7 * 9).fill(100));
    const [width, height] = imageSize(ASYMMETRIC, "coronal");
    const pixels = new Uint32Array(width * height);
    writeSlice(volume, "coronal", 0, TABLE, pixels);
    expect([...pixels.subarray(0, width)]).toEqual(new Array(width).fill(WHITE));
    expect([...pixels.subarray(width)]).toEqual(new Array(width * (height - 1)).fill(0));
  });
});

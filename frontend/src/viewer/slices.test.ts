import { describe, expect, it } from "vitest";
import { boxFromVoxels } from "../geometry/box";
import { ASYMMETRIC, seeded } from "../geometry/example";
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

describe("the pixels of a phase that is moved", () => {
  const [depth, height, width] = ASYMMETRIC.shape_zyx;
  const GREYS = lookupTable({ level: 0, width: 2000 });
  const AIR = GREYS[-1024 + 32768]!;

  /** A volume of noise, and the pixels of one of its slices under a shift in voxels. */
  function noise(seed: number): PhaseVolume {
    const random = seeded(seed);
    const volume = new PhaseVolume("arterial", ASYMMETRIC);
    volume.put(
      0,
      Int16Array.from({ length: depth * height * width }, () => Math.floor(random() * 1600 - 800)),
    );
    return volume;
  }

  function pixelsOf(volume: PhaseVolume, plane: Plane, voxel: number, shift?: Vec3): Uint32Array {
    const [columns, rows] = imageSize(ASYMMETRIC, plane);
    const pixels = new Uint32Array(columns * rows);
    writeSlice(volume, plane, voxel, GREYS, pixels, shift);
    return pixels;
  }

  /** What the server makes of a move by whole voxels: the array moved, air coming in. */
  function movedOnServer(volume: PhaseVolume, [dx, dy, dz]: Vec3): PhaseVolume {
    const out = new PhaseVolume("arterial", ASYMMETRIC);
    const values = new Int16Array(volume.data.length).fill(-1024);
    for (let z = 0; z < depth; z++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const [fz, fy, fx] = [z - dz, y - dy, x - dx];
          if (fz >= 0 && fz < depth && fy >= 0 && fy < height && fx >= 0 && fx < width)
            values[(z * height + y) * width + x] = volume.data[(fz * height + fy) * width + fx]!;
        }
    out.put(0, values);
    return out;
  }

  it("are those of the array moved, in all three planes, for whole voxels", () => {
    const random = seeded(11);
    // Some of them out of the image altogether.
    const steps = () => Math.floor(random() * 23) - 11;
    for (let i = 0; i < 80; i++) {
      const volume = noise(i);
      const shift: Vec3 = [steps(), steps(), steps()];
      const there = movedOnServer(volume, shift);
      for (const plane of PLANES) {
        const voxel = Math.floor(random() * [width, height, depth][LAYOUTS[plane].normal]!);
        expect(pixelsOf(volume, plane, voxel, shift)).toEqual(pixelsOf(there, plane, voxel));
      }
    }
  });

  it("lie linearly between voxels, along each axis", () => {
    const volume = new PhaseVolume("arterial", ASYMMETRIC);
    const values = Int16Array.from({ length: depth * height * width }, (_, i) => {
      const [z, y, x] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
      return 100 * x + 40 * y - 60 * z;
    });
    volume.put(0, values);
    const shift: Vec3 = [0.25, -0.5, 0.75];
    const hu = 100 * (4 - 0.25) + 40 * (3 + 0.5) - 60 * (2 - 0.75);
    const [axial, coronal, sagittal] = [
      pixelsOf(volume, "axial", 2, shift)[3 * width + 4],
      pixelsOf(volume, "coronal", 3, shift)[(depth - 1 - 2) * width + 4],
      pixelsOf(volume, "sagittal", 4, shift)[(depth - 1 - 2) * height + 3],
    ];
    expect([axial, coronal, sagittal]).toEqual(new Array(3).fill(GREYS[hu + 32768]));
  });

  it("are air where nothing was scanned, and transparent where a slice has not arrived", () => {
    const volume = new PhaseVolume("arterial", ASYMMETRIC);
    volume.put(4, new Int16Array(height * width).fill(100));
    expect(new Set(pixelsOf(volume, "axial", 3, [0, 0, -2]))).toEqual(new Set([AIR]));
    expect(new Set(pixelsOf(volume, "axial", 3, [0, 0, 1]))).toEqual(new Set([0]));
    expect(pixelsOf(volume, "axial", 3, [1, 0, -1])[0]).toBe(AIR);
    expect(pixelsOf(volume, "axial", 3, [1, 0, -1])[1]).toBe(GREYS[100 + 32768]);
  });

  it("do not change for a move too small to be one", () => {
    const volume = noise(3);
    expect(pixelsOf(volume, "coronal", 2, [1e-9, -1e-9, 0])).toEqual(pixelsOf(volume, "coronal", 2));
  });
});

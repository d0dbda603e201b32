import { describe, expect, it } from "vitest";
import { aCandidate, aReviewStudy } from "../testing/builders";
import {
  boxOnTile,
  columns,
  scaleBarMm,
  sizeMm,
  sliceExtent,
  sliceInBox,
  spriteSlice,
  stripPlace,
  zIndex,
} from "./crop";

const candidate = aCandidate("c1", 1);
const { geometry } = aReviewStudy().study;

describe("a box on its tile", () => {
  it("lies where its mm lie in the crop: x towards the patient's left, y towards the back", () => {
    expect(boxOnTile(candidate.lo, candidate.hi, candidate.tile)).toEqual({
      x: 76,
      y: 76,
      width: 40,
      height: 40,
    });
  });

  it("fills the tile where it is as large as the crop", () => {
    const { tile } = candidate;
    expect(boxOnTile([-28, -58, 0], [68, 38, 1], tile)).toEqual({ x: 0, y: 0, width: 192, height: 192 });
  });
});

describe("slices", () => {
  it("are counted from the key slice and stay within the sprite", () => {
    expect([-9, -3, 0, 2, 9].map((offset) => spriteSlice(candidate.tile, offset))).toEqual([0, 0, 3, 5, 6]);
    expect(zIndex(candidate.tile, 1)).toBe(11);
  });

  it("are a strip without the key slice, which is a picture of its own", () => {
    expect([-3, -1, 0, 1, 3].map((offset) => stripPlace(candidate.tile, offset))).toEqual([0, 2, null, 3, 5]);
  });

  it("cover the volume's outer edges as a whole", () => {
    expect(sliceExtent(geometry)).toEqual({ x: -128, y: -128, width: 256, height: 256 });
  });

  it("hold the box where their centre lies in it", () => {
    // Slice z has its centre at 2.5 + 5 z mm; the box reaches from 40 to 60 mm.
    expect([7, 8, 11, 12].map((z) => sliceInBox(candidate, z, geometry))).toEqual([false, true, true, false]);
  });
});

describe("what is written on a tile", () => {
  it("is a round length of at most a quarter of it", () => {
    expect(scaleBarMm(candidate.tile)).toBe(20);
    expect(scaleBarMm({ ...candidate.tile, mm_per_px: 0.25 })).toBe(10);
  });

  it("is the size in whole mm", () => {
    expect(sizeMm({ lo: [0, 0, 0], hi: [10.4, 9.6, 5] })).toBe("10 × 10 × 5");
  });
});

describe("columns", () => {
  it("are the four phases of CT even where some are missing, in their order in time", () => {
    expect(columns(["portal_venous", "arterial"])).toEqual([
      "non_contrast",
      "arterial",
      "portal_venous",
      "delayed",
    ]);
  });

  it("are what there is of other images", () => {
    expect(columns(["t1_pre", "t2"])).toEqual(["t1_pre", "t2"]);
  });
});

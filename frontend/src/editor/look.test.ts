import { describe, expect, it } from "vitest";
import { boxFromVoxels } from "../geometry/box";
import { ASYMMETRIC } from "../geometry/example";
import { pixelFromPoint, viewportOf } from "../geometry/viewport";
import type { Vec3 } from "../geometry/volume";
import { initialLook, lookedAt, scrolled, zoomed } from "./look";

const LOOK = initialLook(ASYMMETRIC, "portal_venous");

describe("looking around", () => {
  it("begins in the middle", () => {
    expect(LOOK.cursor).toEqual([4, 3, 2]);
  });

  it("scrolls towards the feet in axial views, and no further than the last slice", () => {
    expect(scrolled(LOOK, ASYMMETRIC, "axial", 1).cursor).toEqual([4, 3, 1]);
    expect(scrolled(LOOK, ASYMMETRIC, "axial", 9).cursor).toEqual([4, 3, 0]);
    expect(scrolled(LOOK, ASYMMETRIC, "axial", -9).cursor).toEqual([4, 3, 4]);
    expect(scrolled(LOOK, ASYMMETRIC, "coronal", 1).cursor).toEqual([4, 4, 2]);
    expect(scrolled(LOOK, ASYMMETRIC, "sagittal", -1).cursor).toEqual([3, 3, 2]);
  });

  it("magnifies around the pointer", () => {
    const anchor: Vec3 = [-30, 14, -395];
    const magnified = { ...LOOK, zoom: 2 };
    const before = viewportOf(ASYMMETRIC, "axial", [400, 300], 2, magnified.centre);
    const next = zoomed(magnified, magnified.centre, anchor, 1.7);
    const after = viewportOf(ASYMMETRIC, "axial", [400, 300], next.zoom, next.centre);
    const [x, y] = pixelFromPoint(before, anchor);
    expect(pixelFromPoint(after, anchor)[0]).toBeCloseTo(x, 6);
    expect(pixelFromPoint(after, anchor)[1]).toBeCloseTo(y, 6);
    expect(zoomed(LOOK, LOOK.centre, anchor, 0.1).zoom).toBe(1);
    expect(zoomed(LOOK, LOOK.centre, anchor, 100).zoom).toBe(16);
  });

  it("goes to a box", () => {
    const box = boxFromVoxels(ASYMMETRIC, [6, 0, 3], [8, 2, 3]);
    expect(lookedAt(LOOK, ASYMMETRIC, box).cursor).toEqual([7, 1, 3]);
  });
});

import { describe, expect, it } from "vitest";
import { addOffsets, lengthText, offsetText, roundOffset, sameOffset } from "./offset";

describe("an offset", () => {
  it.each([
    [[3, 0, 1.5], "3.0 mm L, 1.5 mm H"],
    [[-3, -2.25, -1], "3.0 mm R, 2.3 mm A, 1.0 mm F"],
    [[0, 4, 0], "4.0 mm P"],
    [[0.04, 0, -0.01], "0.0 mm"],
  ] as const)("%j is said as %s", (offset, text) => {
    expect(offsetText(offset)).toBe(text);
  });

  it("is rounded to what the server keeps, without a negative zero", () => {
    expect(roundOffset([1 / 3, -0.0001, 2])).toEqual([0.333, 0, 2]);
    expect(Object.is(roundOffset([0, -0.0001, 0])[1], 0)).toBe(true);
    expect(addOffsets([0.1, 0, 0], [0.2, 0, 0])).toEqual([0.3, 0, 0]);
    expect(sameOffset([0.1 + 0.2, 0, 0], [0.3, 0, 0])).toBe(true);
    expect(sameOffset([0.3, 0, 0], [0.302, 0, 0])).toBe(false);
  });

  it("has a length", () => {
    expect(lengthText([3, -4, 0])).toBe("5.0 mm");
  });
});

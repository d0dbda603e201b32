import { expect, it } from "vitest";
import { type Placed, phaseWords } from "./format";

it("a phase says what is to be known of where it lies, and nothing else", () => {
  const placed: Placed = {
    phase_flags: { arterial: "loosely aligned", delayed: "loosely aligned" },
    phase_nudges_mm: { delayed: [0, -3, 4], non_contrast: [1.5, 0, 0] },
  };
  const said = ["arterial", "delayed", "non_contrast", "portal_venous"].map((p) => phaseWords(p, placed));
  expect(said).toEqual([
    "arterial, loosely aligned",
    "delayed, loosely aligned, nudged 5.0 mm",
    "non contrast, nudged 1.5 mm",
    "portal venous",
  ]);
});

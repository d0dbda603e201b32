import { describe, expect, it } from "vitest";
import type { Characterization } from "../api/types";
import { evidenceOf } from "./evidence";

const said = (evidence: Record<string, unknown>): Characterization => ({
  model_version: "sadt-v1",
  outputs: {},
  evidence,
  calibrated: false,
  error: null,
});

describe("evidence", () => {
  it("puts each cell where it lies and says how strongly it speaks", () => {
    const map = {
      lo_xy_mm: [-10, 20],
      hi_xy_mm: [30, 60],
      cells: [
        [0, 2],
        [-1, 0.01],
      ],
    };
    expect(evidenceOf(said({ map })).cells).toEqual([
      { box: { lo: [10, 20, 0], hi: [30, 40, 0] }, share: 1 },
      { box: { lo: [-10, 40, 0], hi: [10, 60, 0] }, share: -0.5 },
    ]);
  });

  it("names the weightiest phase first and those that were not there", () => {
    const told = evidenceOf(
      said({ z_index: 7, phase_weights: { arterial: 0.1, delayed: 0.3 }, missing_phases: ["portal_venous"] }),
    );
    expect(told.slice).toBe(7);
    expect(told.phases.map(([phase]) => phase)).toEqual(["delayed", "arterial"]);
    expect(told.missing).toEqual(["portal_venous"]);
  });

  it("is empty where a system says nothing", () => {
    expect(evidenceOf(said({}))).toEqual({ slice: null, phases: [], missing: [], votes: [], cells: [] });
  });
});

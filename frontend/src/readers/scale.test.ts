import { describe, expect, it } from "vitest";
import type { Estimate } from "../api/types";
import { kappas, place, SHARES, upTo } from "./scale";

const e = (lo: number | null, value: number | null, hi: number | null): Estimate => ({ value, lo, hi, n: 9 });

describe("a scale", () => {
  it("ends at a round number above all intervals", () => {
    expect(upTo([e(10, 40, 83), null])).toEqual({ lo: 0, hi: 100, ticks: [0, 25, 50, 75, 100] });
    expect(upTo([]).hi).toBe(1);
    expect(upTo([e(null, 7, null)]).hi).toBe(8);
  });

  it("of kappa goes below zero only where an estimate does", () => {
    expect(kappas([e(0.2, 0.5, 0.8)]).ticks).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(kappas([e(-0.3, 0.1, 0.4)]).lo).toBe(-0.5);
    expect(kappas([e(-0.25, 0.1, 0.4)]).lo).toBe(-0.25);
  });

  it("keeps what lies outside at its end", () => {
    expect([-1, 0, 0.25, 1, 7].map((value) => place(value, SHARES, 200))).toEqual([0, 0, 50, 200, 200]);
  });
});

import { describe, expect, it } from "vitest";
import type { Estimate, Lead, Share } from "../api/types";
import { between, duration, judged, ofCases, plain, points, sharePercent } from "./figures";

const e = (value: number | null, lo: number | null = null, hi: number | null = null): Estimate => ({
  value,
  lo,
  hi,
  n: 20,
});
const share = (hits: number, cases: number, estimate: Estimate): Share => ({
  hits,
  cases,
  studies: 20,
  estimate,
});

describe("figures about readers", () => {
  it("come with their interval, or say that they have none", () => {
    expect(between(e(0.713, 0.6, 0.81), plain(2))).toBe("0.71 (0.60 to 0.81)");
    expect(between(e(-0.2, -0.4, 0.1), plain(1))).toBe("−0.2 (−0.4 to 0.1)");
    expect(between(e(0.713), plain(2))).toBe("0.71 (no interval yet)");
    expect(between(e(null), plain(2))).toBe("–");
  });

  it("say how many of how many", () => {
    const accepted = share(6, 20, e(0.3, 0.145, 0.519));
    expect(sharePercent(accepted)).toBe("30.0 % (14.5 to 51.9)");
    expect(ofCases(accepted)).toBe("6 of 20");
    expect(sharePercent(share(0, 0, e(null)))).toBe("–");
  });

  it("show a bias only where the interval leaves zero out", () => {
    const lead = (difference: Estimate): Lead => ({
      led: share(0, 0, e(null)),
      unled: share(0, 0, e(null)),
      difference,
      more_cases: 0,
    });
    expect(judged(lead(e(0.25, 0.04, 0.47)))).toBe("led");
    expect(judged(lead(e(0.25, -0.04, 0.47)))).toBe("open");
    expect(judged(lead(e(-0.25, -0.4, -0.1)))).toBe("averse");
    expect(judged(lead(e(null)))).toBe("unknown");
    expect(points(e(0.25, -0.041, 0.47))).toBe("+25.0 points (−4.1 to +47.0)");
  });

  it("write times as people compare them", () => {
    expect([4.25, 59.6, 119, 150, 7100, 7260].map(duration)).toEqual([
      "4.3 s",
      "60 s",
      "119 s",
      "3 min",
      "118 min",
      "2 h 01 min",
    ]);
  });
});

/** A version's figures out of its metrics, whatever evaluation they came from. */
import type { Estimate, Measured } from "../api/types";
import { isEstimate, measured, words } from "../app/format";

const NAMES: Record<string, string> = {
  p1td_1: "P1TD-1",
  p1td_10: "P1TD-10",
  mean_f1: "Mean F1",
  accuracy: "Accuracy",
};

export function metricName(path: string): string {
  return path
    .split(".")
    .map((part) => NAMES[part] ?? words(part))
    .join(", ");
}

/** Every figure with an interval in a tree of metrics, by its path. */
export function estimates(metrics: Record<string, unknown>, below = ""): [string, Measured][] {
  return Object.entries(metrics).flatMap(([name, value]): [string, Measured][] => {
    const path = below ? `${below}.${name}` : name;
    if (isEstimate(value)) return [[path, value]];
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return estimates(value as Record<string, unknown>, path);
    return [];
  });
}

/** The second less the first, in percentage points: "+4.2 points". */
export function difference(value: number | null): string {
  if (value === null) return "–";
  const sign = value > 0 ? "+" : value < 0 ? "−" : "";
  return `${sign}${(100 * Math.abs(value)).toFixed(1)} points`;
}

/** What two estimates allow to say of each other, in words. Intervals that overlap leave it open. */
export function judgement(a: Estimate | null, b: Estimate | null): string {
  const [first, second] = [measured(a), measured(b)];
  if (!first || !second) return "not measured in both";
  if (second.lo > first.hi) return "better";
  if (second.hi < first.lo) return "worse";
  return "not clearly different: the intervals overlap";
}

/** A version's figures out of its metrics, whatever evaluation they came from. */
import type { Estimate } from "../api/types";
import { isEstimate, percent, words } from "../app/format";

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
export function estimates(metrics: Record<string, unknown>, below = ""): [string, Estimate][] {
  return Object.entries(metrics).flatMap(([name, value]): [string, Estimate][] => {
    const path = below ? `${below}.${name}` : name;
    if (isEstimate(value)) return [[path, value]];
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return estimates(value as Record<string, unknown>, path);
    return [];
  });
}

/** A difference in percentage points with its interval: "+4.2 points (-1.0 to 9.3)". */
export function difference(e: Estimate | null): string {
  if (!e) return "–";
  const sign = (n: number) => `${n > 0 ? "+" : n < 0 ? "−" : ""}${(100 * Math.abs(n)).toFixed(1)}`;
  return `${sign(e.value)} points (${sign(e.lo)} to ${sign(e.hi)})`;
}

/** Whether a difference's interval leaves out zero, in words. */
export function judgement(e: Estimate | null): string {
  if (!e) return "not measured on the same studies";
  if (e.lo > 0) return "better";
  if (e.hi < 0) return "worse";
  return `could be chance (the interval holds ${percent(0, 0)})`;
}

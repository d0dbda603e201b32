/** A version's figures out of its metrics, whatever evaluation they came from. */
import type { Estimate, Measured } from "../api/types";
import { isEstimate, measured } from "../app/format";
import { words } from "../app/words";
import { number, t } from "../i18n/t";

const NAMES: Record<string, string> = {
  p1td_1: "P1TD-1",
  p1td_10: "P1TD-10",
  mean_f1: t("Mean F1"),
  accuracy: t("Accuracy"),
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

const points = (value: number) => {
  const sign = value > 0 ? "+" : value < 0 ? "−" : "";
  return `${sign}${number(100 * Math.abs(value), 1)}`;
};

/** The second less the first, in percentage points: "+4.2 points (−1.0 to +9.3)". */
export function difference(given: Estimate | null): string {
  const e = measured(given);
  return e
    ? t("{value} points ({lo} to {hi})", { value: points(e.value), lo: points(e.lo), hi: points(e.hi) })
    : "–";
}

/** What a difference says, in words; one whose interval holds zero could be chance. */
export function judgement(given: Estimate | null): string {
  const e = measured(given);
  if (!e) return t("not judged on the same gold studies");
  if (e.lo > 0) return t("better");
  if (e.hi < 0) return t("worse");
  return t("not clearly different: the interval holds zero");
}

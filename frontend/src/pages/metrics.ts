/** A version's figures out of its metrics, whatever evaluation they came from. */
import type { Estimate, Measured } from "../api/types";
import { estimate, interval, isEstimate, measured } from "../app/format";
import { words } from "../app/words";
import { number, t } from "../i18n/t";

const NAMES: Record<string, string> = {
  p1td_1: "P1TD-1",
  p1td_10: "P1TD-10",
  mean_f1: t("Mean F1"),
  accuracy: t("Accuracy"),
  froc: "FROC",
  froc_mean: t("FROC, mean"),
};

export function metricName(path: string): string {
  return path
    .split(/(?<!\d)\.|\.(?!\d)/) // a dot between digits is a number's: "froc.0.5"
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

/** Whether a figure is a distance in mm, of which less is better; the others are shares. */
const isDistance = (path: string): boolean => path.endsWith("_mm");

/** A figure with its interval in its own unit. */
export function figure(path: string, given: Estimate | null | undefined): string {
  const e = measured(given);
  if (!e || !isDistance(path)) return estimate(given);
  return interval(`${number(e.value, 1)} mm`, number(e.lo, 1), number(e.hi, 1), e.n);
}

const signed = (value: number) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${number(Math.abs(value), 1)}`;

/** The second less the first: "+4.2 points (−1.0 to +9.3)" in percentage points, or in mm. */
export function difference(path: string, given: Estimate | null): string {
  const e = measured(given);
  if (!e) return "–";
  const scale = isDistance(path) ? 1 : 100;
  const [value, lo, hi] = [signed(scale * e.value), signed(scale * e.lo), signed(scale * e.hi)];
  return isDistance(path)
    ? t("{value} mm ({lo} to {hi})", { value, lo, hi })
    : t("{value} points ({lo} to {hi})", { value, lo, hi });
}

/** What a difference says, in words; one whose interval holds zero could be chance. */
export function judgement(path: string, given: Estimate | null): string {
  const e = measured(given);
  if (!e) return t("not judged on the same gold studies");
  if (e.lo <= 0 && e.hi >= 0) return t("not clearly different: the interval holds zero");
  return e.lo > 0 !== isDistance(path) ? t("better") : t("worse");
}

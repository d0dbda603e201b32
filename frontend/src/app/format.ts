/** Numbers and times as text: with their unit, and with their interval where they are estimates. */
import type { Estimate, Measured, StudyDetail } from "../api/types";
import { lengthText } from "../geometry/offset";

export function percent(value: number, digits = 1): string {
  return `${(100 * value).toFixed(digits)} %`;
}

/** The estimate where it was made, null where something could not be measured. */
export function measured(e: Estimate | null | undefined): Measured | null {
  return isEstimate(e) ? e : null;
}

/** "71.3 % (64.0 to 78.1, n 212)", or a dash where nothing was measured. */
export function estimate(given: Estimate | null | undefined): string {
  const e = measured(given);
  if (!e) return "not measured";
  return `${percent(e.value)} (${(100 * e.lo).toFixed(1)} to ${(100 * e.hi).toFixed(1)}, n ${e.n})`;
}

export function isEstimate(value: unknown): value is Measured {
  if (typeof value !== "object" || value === null) return false;
  const e = value as Record<string, unknown>;
  return [e.value, e.lo, e.hi, e.n].every((n) => typeof n === "number");
}

export function minutes(value: number): string {
  if (value < 1) return `${Math.round(value * 60)} s`;
  if (value < 90) return `${Math.round(value)} min`;
  return `${(value / 60).toFixed(1)} h`;
}

export function seconds(value: number): string {
  const whole = Math.floor(value);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

export function when(iso: string | null | undefined): string {
  if (!iso) return "";
  const date = new Date(iso);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

export function bytes(n: number): string {
  if (n < 1e6) return `${(n / 1e3).toFixed(0)} kB`;
  return n < 1e9 ? `${(n / 1e6).toFixed(1)} MB` : `${(n / 1e9).toFixed(2)} GB`;
}

const SHORT: Record<string, string> = { hcc: "HCC", icc: "ICC", fnh: "FNH" };

/** "portal_venous" as "portal venous", "hcc" as "HCC". */
export function words(name: string): string {
  return SHORT[name] ?? name.replaceAll("_", " ");
}

/** What is to be known of a phase's place: a doubt about its registration, and how far a person moved it. */
export type Placed = Pick<StudyDetail, "phase_flags" | "phase_nudges_mm">;

/** "loosely aligned, nudged 3.0 mm"; nothing where nothing is to be known. */
export function placeWords(phase: string, { phase_flags, phase_nudges_mm }: Placed): string {
  const nudge = phase_nudges_mm[phase];
  return [phase_flags[phase], nudge && `nudged ${lengthText(nudge)}`].filter(Boolean).join(", ");
}

/** "arterial, loosely aligned" where something is to be known of the phase, else "arterial". */
export function phaseWords(phase: string, placed: Placed): string {
  return [words(phase), placeWords(phase, placed)].filter(Boolean).join(", ");
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** How a series' phase is known: "by image, 92 %", "as a person said"; nothing where it was not kept. */
export function told(series: { assigned_by: string; confidence: number | null }): string {
  if (series.assigned_by === "said") return "as a person said";
  if (!series.assigned_by) return "";
  const sure = series.confidence === null ? "" : `, ${percent(series.confidence, 0)}`;
  return `by ${series.assigned_by}${sure}`;
}

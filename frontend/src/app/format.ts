/** Numbers and times as text: with their unit, and with their interval where they are estimates. */
import type { Estimate, Measured, StudyDetail } from "../api/types";
import { lengthText } from "../geometry/offset";
import { moment, number, t } from "../i18n/t";
import { words } from "./words";

export function percent(value: number, digits = 1): string {
  return `${number(100 * value, digits)} %`;
}

/** The estimate where it was made, null where something could not be measured. */
export function measured(e: Estimate | null | undefined): Measured | null {
  return isEstimate(e) ? e : null;
}

/** A figure with its 95 % interval and the number it was measured on, each already as text. */
export function interval(value: string, lo: string, hi: string, n: number): string {
  return t("{value} ({lo} to {hi}, n {n})", { value, lo, hi, n });
}

/** "71.3 % (64.0 to 78.1, n 212)", or words where nothing was measured. */
export function estimate(given: Estimate | null | undefined): string {
  const e = measured(given);
  if (!e) return t("not measured");
  return interval(percent(e.value), number(100 * e.lo, 1), number(100 * e.hi, 1), e.n);
}

export function isEstimate(value: unknown): value is Measured {
  if (typeof value !== "object" || value === null) return false;
  const e = value as Record<string, unknown>;
  return [e.value, e.lo, e.hi, e.n].every((n) => typeof n === "number");
}

export function minutes(value: number): string {
  if (value < 1) return `${Math.round(value * 60)} s`;
  if (value < 90) return `${Math.round(value)} min`;
  return `${number(value / 60, 1)} h`;
}

export function seconds(value: number): string {
  const whole = Math.floor(value);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

export function when(iso: string | null | undefined): string {
  if (!iso) return "";
  return moment(iso);
}

export function bytes(n: number): string {
  if (n < 1e6) return `${number(n / 1e3, 0)} kB`;
  return n < 1e9 ? `${number(n / 1e6, 1)} MB` : `${number(n / 1e9, 2)} GB`;
}

/** What is to be known of a phase's place: a doubt about its registration, and how far a person moved it. */
export type Placed = Pick<StudyDetail, "phase_flags" | "phase_nudges_mm">;

/** "loosely aligned, nudged 3.0 mm"; nothing where nothing is to be known. */
export function placeWords(phase: string, { phase_flags, phase_nudges_mm }: Placed): string {
  const nudge = phase_nudges_mm[phase];
  return [phase_flags[phase], nudge && t("nudged {length}", { length: lengthText(nudge) })]
    .filter(Boolean)
    .join(", ");
}

/** "arterial, loosely aligned" where something is to be known of the phase, else "arterial". */
export function phaseWords(phase: string, placed: Placed): string {
  return [words(phase), placeWords(phase, placed)].filter(Boolean).join(", ");
}

/** How a series' phase is known: "by image, 92 %", "as a person said"; nothing where it was not kept. */
export function told(series: { assigned_by: string; confidence: number | null }): string {
  if (series.assigned_by === "said") return t("as a person said");
  if (!series.assigned_by) return "";
  const sure = series.confidence === null ? "" : `, ${percent(series.confidence, 0)}`;
  return t("by {means}", { means: words(series.assigned_by) }) + sure;
}

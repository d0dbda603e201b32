/** Figures about readers as text. A figure without an interval says so; one that is not there is a dash. */
import type { Estimate, Lead, Share } from "../api/types";
import { number, t } from "../i18n/t";

export type Show = (value: number) => string;

/** A number with so many digits, and a minus that is as wide as a plus. */
export const plain =
  (digits: number): Show =>
  (value) =>
    number(value, digits).replace("-", "−");

export const percents: Show = (value) => plain(1)(100 * value);

/** A scale's number: as short as it is. */
export const tick: Show = (value) => number(value).replace("-", "−");

/** "0.71 (0.60 to 0.81)"; `show` writes one number. */
export function between(e: Estimate | null, show: Show): string {
  if (e === null || e.value === null) return "–";
  const value = show(e.value);
  if (e.lo === null || e.hi === null) return t("{value} (no interval yet)", { value });
  return t("{value} ({lo} to {hi})", { value, lo: show(e.lo), hi: show(e.hi) });
}

/** "30.0 % (14.5 to 51.9)". */
export function sharePercent({ estimate: e }: Share): string {
  if (e.value === null) return "–";
  const value = percents(e.value);
  if (e.lo === null || e.hi === null) return t("{value} %", { value });
  return t("{value} % ({lo} to {hi})", { value, lo: percents(e.lo), hi: percents(e.hi) });
}

/** "6 of 20". */
export function ofCases({ hits, cases }: Share): string {
  return t("{hits} of {cases}", { hits, cases });
}

const signed: Show = (value) => (value > 0 ? `+${percents(value)}` : percents(value));

/** "+25.0 points (+4.1 to +47.0)", what the machine's lead adds to an error. */
export function points(e: Estimate): string {
  if (e.value === null) return "–";
  const value = signed(e.value);
  if (e.lo === null || e.hi === null) return t("{value} points", { value });
  return t("{value} points ({lo} to {hi})", { value, lo: signed(e.lo), hi: signed(e.hi) });
}

export type Judgement = "led" | "averse" | "open" | "unknown";

/** Whether the machine leads readers into an error, away from it, or neither is shown. */
export function judged(lead: Lead): Judgement {
  const { value, lo, hi } = lead.difference;
  if (value === null || lo === null || hi === null) return "unknown";
  if (lo > 0) return "led";
  return hi < 0 ? "averse" : "open";
}

/** "2 h 01 min", "12 min", "8.4 s": a length of time that people compare. */
export function duration(seconds: number): string {
  if (seconds < 120) return t("{n} s", { n: plain(seconds < 10 ? 1 : 0)(seconds) });
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return t("{n} min", { n: minutes });
  return t("{h} h {min} min", { h: Math.floor(minutes / 60), min: String(minutes % 60).padStart(2, "0") });
}

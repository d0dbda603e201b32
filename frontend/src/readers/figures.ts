/** Figures about readers as text. A figure without an interval says so; one that is not there is a dash. */
import type { Estimate, Lead, Share } from "../api/types";

/** "0.71 (0.60 to 0.81)"; `show` writes one number. */
export function between(e: Estimate | null, show: (value: number) => string): string {
  if (e === null || e.value === null) return "–";
  if (e.lo === null || e.hi === null) return `${show(e.value)} (no interval yet)`;
  return `${show(e.value)} (${show(e.lo)} to ${show(e.hi)})`;
}

export const plain = (digits: number) => (value: number) => value.toFixed(digits).replace("-", "−");

export const percents = (value: number) => (100 * value).toFixed(1).replace("-", "−");

/** "30.0 % (14.5 to 51.9)". */
export function sharePercent(share: Share): string {
  const e = share.estimate;
  if (e.value === null) return "–";
  const ends = e.lo === null || e.hi === null ? "" : ` (${percents(e.lo)} to ${percents(e.hi)})`;
  return `${percents(e.value)} %${ends}`;
}

/** "6 of 20". */
export function ofCases(share: Share): string {
  return `${share.hits} of ${share.cases}`;
}

const signed = (value: number) => (value > 0 ? `+${percents(value)}` : percents(value));

/** "+25.0 points (4.1 to 47.0)", what the machine's lead adds to an error. */
export function points(e: Estimate): string {
  if (e.value === null) return "–";
  const ends = e.lo === null || e.hi === null ? "" : ` (${signed(e.lo)} to ${signed(e.hi)})`;
  return `${signed(e.value)} points${ends}`;
}

export type Judgement = "led" | "averse" | "open" | "unknown";

/** Whether the machine leads readers into an error, away from it, or neither is shown. */
export function judged(lead: Lead): Judgement {
  const { value, lo, hi } = lead.difference;
  if (value === null || lo === null || hi === null) return "unknown";
  if (lo > 0) return "led";
  return hi < 0 ? "averse" : "open";
}

/** "1 h 20 min", "12 min", "8.4 s": a length of time that people compare. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

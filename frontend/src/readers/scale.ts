/** Where estimates lie on a common scale; pure, so that a plot can be checked without drawing it. */
import type { Estimate } from "../api/types";

export interface Scale {
  lo: number;
  hi: number;
  /** Where lines stand, and numbers in the head of the table. */
  ticks: number[];
}

export const SHARES: Scale = { lo: 0, hi: 1, ticks: [0, 0.25, 0.5, 0.75, 1] };

/** From zero to just above all ends, with about four ticks at round numbers; `least` is the least upper end. */
export function upTo(estimates: (Estimate | null)[], least = 1): Scale {
  const most = Math.max(least, ...estimates.map((e) => e?.hi ?? e?.value ?? 0));
  const step = roundStep(most / 4);
  const hi = Math.ceil(most / step - 1e-9) * step;
  return { lo: 0, hi, ticks: multiples(0, hi, step) };
}

/** As shares, and below zero as far as an estimate goes: kappa has no lower end that all reach. */
export function kappas(estimates: (Estimate | null)[]): Scale {
  const least = Math.min(0, ...estimates.map((e) => e?.lo ?? e?.value ?? 0));
  const lo = Math.max(-1, Math.floor(least * 4 + 1e-9) / 4);
  return { lo, hi: 1, ticks: multiples(lo, 1, 0.25) };
}

/** 1, 2, 2.5 or 5 times a power of ten, the next above. */
function roundStep(atLeast: number): number {
  const power = 10 ** Math.floor(Math.log10(atLeast));
  return power * ([1, 2, 2.5, 5].find((n) => n * power >= atLeast - 1e-12) ?? 10);
}

function multiples(lo: number, hi: number, step: number): number[] {
  const count = Math.round((hi - lo) / step);
  return Array.from({ length: count + 1 }, (_, i) => Number((lo + i * step).toPrecision(12)));
}

/** The place of a value between 0 and `width`; what lies outside stands at the end. */
export function place(value: number, scale: Scale, width: number): number {
  const part = (value - scale.lo) / (scale.hi - scale.lo);
  return width * Math.min(1, Math.max(0, part));
}

/** What the study has already, to be shown beside what is drawn. */

import type { Candidate, Lesion } from "../api/types";
import type { Reference } from "./Boxes";
import type { Receipts } from "./saver";
import type { DrawnLesion } from "./state";

/** The study's lesions that are not drawn or corrected here. */
export function existingLesions(
  lesions: readonly Lesion[],
  drawn: readonly DrawnLesion[],
  receipts: Receipts,
): Lesion[] {
  const here = new Set<string | null>(drawn.map(({ replaces }) => replaces));
  for (const { stored, pending } of Object.values(receipts)) {
    here.add(stored?.id ?? null).add(pending?.replaces ?? null);
  }
  return lesions.filter((lesion) => lesion.retired_at === null && !here.has(lesion.id));
}

/** Thin boxes for the views. */
export function referencesOf(lesions: readonly Lesion[], candidates: readonly Candidate[]): Reference[] {
  return [
    ...lesions.map(({ id, lo, hi }) => ({ id, box: { lo, hi }, kind: "lesion" as const, label: "" })),
    ...candidates.map(({ id, lo, hi, rank }) => ({
      id,
      box: { lo, hi },
      kind: "candidate" as const,
      label: String(rank),
    })),
  ];
}

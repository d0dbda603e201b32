/** What the study has already, to be shown beside what is drawn. */

import type { Candidate, Lesion } from "../api/types";
import type { Reference } from "./Boxes";
import type { Judged } from "./EditorView";
import { evidenceOf } from "./evidence";
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

/** The slice and cells that the characterizer of one of the lesions judged by; null where none is asked for. */
export function judgedOf(lesions: readonly Lesion[], id: string | null): Judged | null {
  const said = lesions.find((lesion) => lesion.id === id)?.characterization;
  if (!said) return null;
  const { slice, cells } = evidenceOf(said);
  return slice === null ? null : { slice, cells };
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

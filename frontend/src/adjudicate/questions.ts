/** What an adjudicator is asked, one question after the other. No framework. */
import type { AdjudicationCase, Candidate, Geometry, Id, ReaderBox, Vec3, Verdict } from "../api/types";

export type Side = "A" | "B";

/** On a candidate that the two judge differently, or on a box that only one of them drew. */
export type Question =
  | { kind: "candidate"; id: Id; candidate: Candidate; said: Record<Side, Verdict | null> }
  | { kind: "box"; id: Id; box: ReaderBox };

/** Candidates in their order, then boxes. */
export function questionsOf(of: AdjudicationCase): Question[] {
  return [
    ...of.study.candidates.map((candidate) => ({
      kind: "candidate" as const,
      id: candidate.id,
      candidate,
      said: of.said[candidate.id] ?? { A: null, B: null },
    })),
    ...of.boxes.map((box) => ({ kind: "box" as const, id: box.id, box })),
  ];
}

/** The adjudicator's own lesion that is this very box, null where it was not taken over. */
export function takenOver(box: Pick<ReaderBox, "lo" | "hi">, of: AdjudicationCase): Id | null {
  const same = of.study.lesions.find(
    (lesion) =>
      lesion.source === "drawn" &&
      String(lesion.lo) === String(box.lo) &&
      String(lesion.hi) === String(box.hi),
  );
  return same?.id ?? null;
}

/** The slice to begin with: the candidate's key slice, or the middle of the box. */
export function firstSlice(question: Question, geometry: Geometry): number {
  if (question.kind === "candidate") return question.candidate.key_z_index;
  const { lo, hi } = question.box;
  const middle = (lo[2] + hi[2]) / 2;
  return clampSlice(Math.round((middle - geometry.origin_xyz_mm[2]) / geometry.spacing_xyz_mm[2]), geometry);
}

export function clampSlice(z: number, { shape_zyx }: Geometry): number {
  return Math.max(0, Math.min(shape_zyx[0] - 1, z));
}

/** The square in mm round a box, as on the tiles of the review: 96 mm, or the box and a margin. */
export function cropOf(lo: Vec3, hi: Vec3): { x: number; y: number; side: number } {
  const side = Math.max(96, hi[0] - lo[0] + 32, hi[1] - lo[1] + 32);
  return { x: (lo[0] + hi[0] - side) / 2, y: (lo[1] + hi[1] - side) / 2, side };
}

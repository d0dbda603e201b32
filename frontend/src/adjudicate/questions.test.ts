import { expect, it } from "vitest";
import type { AdjudicationCase } from "../api/types";
import { aCandidate, aReviewStudy } from "../testing/builders";
import { clampSlice, cropOf, firstSlice, questionsOf, takenOver } from "./questions";

const candidate = aCandidate("c", 1);
const study = aReviewStudy({ id: "s", candidates: [candidate] });
const box = {
  id: "b",
  reader: "B" as const,
  lo: [0, 0, 10] as [number, number, number],
  hi: [20, 40, 30] as [number, number, number],
  primary: false,
  lesion_class: "" as const,
};
const given: AdjudicationCase = {
  study,
  said: { [candidate.id]: { A: "primary_lesion", B: "not_a_lesion" } },
  of_study: { A: null, B: null },
  boxes: [box],
  agreed: 2,
};

it("asks about candidates first, then about boxes", () => {
  const asked = questionsOf(given);
  expect(asked.map((one) => one.kind)).toEqual([...study.candidates.map(() => "candidate"), "box"]);
  expect(asked[0]).toMatchObject({ said: { A: "primary_lesion", B: "not_a_lesion" } });
});

it("knows a box that was taken over by its very corners", () => {
  expect(takenOver(box, given)).toBeNull();
  const mine = { ...given, study: { ...study, lesions: [{ id: "mine", source: "drawn", ...corners(box) }] } };
  expect(takenOver(box, mine as unknown as AdjudicationCase)).toBe("mine");
});

function corners({ lo, hi }: { lo: number[]; hi: number[] }) {
  return { lo: [...lo], hi: [...hi] };
}

it("begins at the key slice of a candidate and in the middle of a box", () => {
  const geometry = {
    ...study.study.geometry,
    origin_xyz_mm: [0, 0, 0] as never,
    spacing_xyz_mm: [1, 1, 5] as never,
    shape_zyx: [10, 5, 5] as never,
  };
  expect(firstSlice({ kind: "box", id: "b", box }, geometry)).toBe(4);
  expect(firstSlice(questionsOf(given)[0]!, geometry)).toBe(candidate.key_z_index);
  expect([clampSlice(-1, geometry), clampSlice(99, geometry)]).toEqual([0, 9]);
});

it("shows a square round the box, never smaller than the review does", () => {
  expect(cropOf([0, 0, 0], [20, 40, 1])).toEqual({ x: -38, y: -28, side: 96 });
  expect(cropOf([0, 0, 0], [100, 40, 1])).toEqual({ x: -16, y: -46, side: 132 });
});

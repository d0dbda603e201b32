import { expect, it } from "vitest";
import { aReviewStudy } from "../testing/builders";
import { upcoming } from "./feed";

const study = (id: string) => aReviewStudy({ id });
const answer = (order: string[], sent = order) => ({
  order,
  studies: sent.map(study),
  remaining: 3,
  reviewed: 0,
});
const ids = (studies: { id: string }[]) => studies.map((one) => one.id);

it("keeps the server's order after the study on the screen", () => {
  expect(ids(upcoming(answer(["a", "b", "c"]), [], "a", new Set()))).toEqual(["b", "c"]);
});

it("takes what the page holds already and was not sent again", () => {
  const next = upcoming(answer(["a", "b", "c"], ["c"]), [study("a"), study("b")], "a", new Set());
  expect(ids(next)).toEqual(["b", "c"]);
});

it("never brings back what was done while its answer is on the way", () => {
  expect(ids(upcoming(answer(["a", "b", "c"]), [], "b", new Set(["a"])))).toEqual(["c"]);
});

it("is empty where nothing is left", () => {
  expect(upcoming(answer([]), [], null, new Set())).toEqual([]);
});

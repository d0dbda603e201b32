import { expect, it } from "vitest";
import { match } from "./router";

it.each([
  ["/", "/", {}],
  ["/cohorts/:id", "/cohorts/7", { id: "7" }],
  ["/cohorts/:id", "/cohorts", null],
  ["/cohorts/:id", "/cohorts/7/import", null],
  ["/rounds/:id/review/:roundStudy?", "/rounds/1/review", { id: "1" }],
  ["/rounds/:id/review/:roundStudy?", "/rounds/1/review/2", { id: "1", roundStudy: "2" }],
  ["/models/compare", "/models/1", null],
])("%s at %s gives %o", (pattern, path, params) => {
  expect(match(pattern, path)).toEqual(params);
});

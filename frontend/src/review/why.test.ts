import { describe, expect, it } from "vitest";
import type { Why } from "../api/types";
import { reason, STRATEGIES } from "./why";

const why = (rest: Partial<Why>): Why => ({
  model_version: "detector-v3",
  strategy: "score",
  score: 0.834,
  stratum: "",
  random_share: 0.1,
  ...rest,
});

describe("why a study is shown", () => {
  it("says the score of the surest, and that empty ones come last", () => {
    expect(reason(why({}), 2)).toBe(
      "detector-v3 is surest of this one among those that wait. Its best candidate scores 0.83.",
    );
    expect(reason(why({ score: null }), 0)).toContain("found nothing here");
  });

  it("says the chance that every study had of the random arm", () => {
    expect(reason(why({ strategy: "random", random_share: 0.25 }), 1)).toContain("a chance of 25 %");
  });

  it("says the pathology that is in turn", () => {
    expect(reason(why({ strategy: "uncertainty", stratum: "icc" }), 1)).toContain("with ICC");
    expect(reason(why({ strategy: "uncertainty" }), 1)).not.toContain("studies with");
  });

  it("has words of its own for each strategy", () => {
    const names = Object.keys(STRATEGIES) as (keyof typeof STRATEGIES)[];
    const said = names.map((strategy) => reason(why({ strategy }), 1));
    expect(new Set(said).size).toBe(names.length);
  });
});

/** Which study comes next, in words: the strategies, and why this one is shown. */
import type { Strategy, Why } from "../api/types";
import { percent, words } from "../app/format";
import { t } from "../i18n/t";

export const STRATEGIES: Readonly<Record<Strategy, { name: string; says: string }>> = {
  score: { name: "surest first", says: "the best candidate's score, from high to low" },
  foreground: {
    name: "at random, with candidates first",
    says: "by chance, ten to one for studies with candidates",
  },
  uncertainty: { name: "most uncertain", says: "candidates that may go either way; each pathology in turn" },
  disagreement: {
    name: "phases that disagree",
    says: "candidates that one phase shows and another does not",
  },
  random: { name: "at random", says: "by chance alone" },
};

/** Why a study is on the screen, in one or two sentences. */
export function reason(why: Why, candidates: number, fromScratch = false): string {
  if (fromScratch)
    return t(
      "Drawn by chance for the control arm: read without candidates, so that it can be told what they save.",
    );
  const { model_version: model, score, stratum } = why;
  const best = score === null ? "" : ` Its best candidate scores ${score.toFixed(2)}.`;
  switch (why.strategy) {
    case "random":
      return `Drawn at random: every study had a chance of ${percent(why.random_share, 0)}, so that what ${model} does not find is seen too.${best}`;
    case "foreground":
      return `Drawn at random among those that wait, studies with candidates ten times as often.${best}`;
    case "uncertainty":
      return `${model} is among the least sure here${stratum ? `, of the studies with ${words(stratum)}` : ""}.${best}`;
    case "disagreement":
      return `What ${model} sees in one phase it does not see in another.${best}`;
    default:
      return candidates
        ? `${model} is surest of this one among those that wait.${best}`
        : `${model} found nothing here; studies without candidates come last.`;
  }
}

/** Which study comes next, in words: the strategies, and why this one is shown. */
import type { Strategy, Why } from "../api/types";
import { percent } from "../app/format";
import { words } from "../app/words";
import { number, t } from "../i18n/t";

export const STRATEGIES: Readonly<Record<Strategy, { name: string; says: string }>> = {
  score: { name: t("surest first"), says: t("the best candidate's score, from high to low") },
  foreground: {
    name: t("at random, with candidates first"),
    says: t("by chance, ten to one for studies with candidates"),
  },
  uncertainty: {
    name: t("most uncertain"),
    says: t("candidates that may go either way; each pathology in turn"),
  },
  disagreement: {
    name: t("phases that disagree"),
    says: t("candidates that one phase shows and another does not"),
  },
  random: { name: t("at random"), says: t("by chance alone") },
};

/** Why a study is on the screen, in one or two sentences. */
export function reason(why: Why, candidates: number, fromScratch = false): string {
  if (fromScratch)
    return t(
      "Drawn by chance for the control arm: read without candidates, so that it can be told what they save.",
    );
  const { model_version: model, score, stratum } = why;
  const best =
    score === null ? "" : ` ${t("Its best candidate scores {score}.", { score: number(score, 2) })}`;
  switch (why.strategy) {
    case "random":
      return (
        t(
          "Drawn at random: every study had a chance of {share}, so that what {model} does not find is seen too.",
          { share: percent(why.random_share, 0), model },
        ) + best
      );
    case "foreground":
      return t("Drawn at random among those that wait, studies with candidates ten times as often.") + best;
    case "uncertainty":
      return (
        (stratum
          ? t("{model} is among the least sure here, of the studies with {pathology}.", {
              model,
              pathology: words(stratum),
            })
          : t("{model} is among the least sure here.", { model })) + best
      );
    case "disagreement":
      return t("What {model} sees in one phase it does not see in another.", { model }) + best;
    default:
      return candidates
        ? t("{model} is surest of this one among those that wait.", { model }) + best
        : t("{model} found nothing here; studies without candidates come last.", { model });
  }
}

/** What a round's order of review brought, beside studies that were drawn at random. */
import { api } from "../api/client";
import type { Arm, Estimate, HarvestRound } from "../api/types";
import { estimate, interval, measured } from "../app/format";
import { useLoad } from "../app/load";
import { Link, type Params } from "../app/router";
import { Await, Empty, Progress } from "../app/ui";
import { number, t } from "../i18n/t";
import { STRATEGIES } from "../review/why";

const FIGURES = [
  ["with_lesion", t("Studies with a lesion"), estimate],
  ["lesions_a_study", t("Lesions a study"), figure],
  ["seconds_a_study", t("Active seconds a study"), figure],
  ["lesions_a_minute", t("Lesions a minute"), figure],
] as const;

export function ArmsPage({ params }: { params: Params }) {
  const round = useLoad(() => api.get<HarvestRound>(`/rounds/${params.id}`), [params.id]);
  const arms = useLoad(() => api.get<Arm[]>(`/rounds/${params.id}/arms`), [params.id]);
  return (
    <div class="page">
      {round.data && (
        <Link class="back num" href={`/cohorts/${round.data.cohort}/rounds`}>
          {t("Round {number}", { number: round.data.number })}
        </Link>
      )}
      <h1>{t("What the order of review brings")}</h1>
      <p class="muted">
        {t(
          "Beside every order some studies are drawn at random. The two arms are read by the same people in the same hours, so what they bring can be held against each other.",
        )}
      </p>
      <Await of={arms} what={t("the arms")}>
        {(list) =>
          list.some((arm) => arm.reviewed) ? (
            <table data-testid="arms">
              <thead>
                <tr>
                  <th>{t("Reviewed studies, 95 % interval by patient")}</th>
                  {list.map((arm) => (
                    <th key={arm.arm}>{STRATEGIES[arm.arm].name}</th>
                  ))}
                </tr>
              </thead>
              <tbody>
                <tr>
                  <th scope="row">{t("Reviewed")}</th>
                  {list.map((arm) => (
                    <td key={arm.arm}>
                      <Progress done={arm.reviewed} total={arm.studies} label={STRATEGIES[arm.arm].name} />
                    </td>
                  ))}
                </tr>
                {FIGURES.map(([name, text, show]) => (
                  <tr key={name}>
                    <th scope="row">{text}</th>
                    {list.map((arm) => (
                      <td key={arm.arm} class="num">
                        {show(arm[name])}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          ) : (
            <Empty>
              <p>{t("No study of this round has been reviewed yet. Figures appear with the first.")}</p>
            </Empty>
          )
        }
      </Await>
    </div>
  );
}

/** "12.4 (9.0 to 16.1, n 40)", for what is no share. */
function figure(given: Estimate): string {
  const e = measured(given);
  if (!e) return t("not measured");
  return interval(number(e.value, 1), number(e.lo, 1), number(e.hi, 1), e.n);
}

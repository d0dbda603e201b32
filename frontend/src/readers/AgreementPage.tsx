/** Whether readers who do not see each other agree: on verdicts, and on boxes in mm. */
import { api } from "../api/client";
import type { Agreement } from "../api/types";
import { useLoad } from "../app/load";
import { Link, type Params } from "../app/router";
import { Await, Empty } from "../app/ui";
import { t, tn } from "../i18n/t";
import { Boxes, Categories, Verdicts } from "./AgreementTables";
import { Confusion } from "./Confusion";
import { sharePercent } from "./figures";
import { Heading } from "./Heading";

export function AgreementPage({ params }: { params: Params }) {
  const found = useLoad(() => api.get<Agreement>(`/cohorts/${params.id}/agreement`), [params.id]);
  return (
    <div class="page">
      <Heading cohort={params.id!} here="/agreement" title={t("Agreement of the readers")} />
      <Await of={found} what={t("the agreement")}>
        {(data) => (data.rows.length ? <Figures of={data} /> : <Nothing cohort={params.id!} of={data} />)}
      </Await>
    </div>
  );
}

function Figures({ of }: { of: Agreement }) {
  const all = of.rows.find((row) => row.kind === "all")!;
  return (
    <>
      <p class="lead" data-testid="agreement-says">
        {t(
          "Two readers who saw nothing of each other judged the same {items} candidates in {studies} studies.",
          {
            items: all.verdicts.items,
            studies: all.verdicts.studies,
          },
        )}{" "}
        <strong class="num">
          {t("They say the same of {share}.", { share: sharePercent(all.verdicts.agreement) })}
        </strong>{" "}
        {of.read_once > 0 &&
          tn(of.read_once, "{n} study waits for a second reader.", "{n} studies wait for a second reader.")}
        {of.own && t("These are your own figures; those of a round appear once all of it is read.")}
      </p>
      <h2>{t("Verdicts")}</h2>
      <Verdicts rows={of.rows} />
      <p class="muted lead">
        {t(
          "Kappa is 0 where readers agree as often as chance would, and 1 where they always do: of a pair Cohen's, of all, a class or a reader Fleiss'. It falls where one verdict is rare even though readers agree, so the share stands beside it. Intervals are of 95 %, resampled by study.",
        )}
      </p>
      <Categories of={all} />
      <h3>{t("Which verdicts differ")}</h3>
      <Confusion of={of} />
      <h2>{t("Boxes")}</h2>
      <Boxes rows={of.rows} />
      <p class="muted lead">
        {t(
          "Boxes are paired so that they overlap the most, from an overlap (IoU) of 0.1 on. Overlap and distance are medians of pairs of which one at least was drawn by hand: two who accept the same candidate have the same box by no merit of their own.",
        )}
      </p>
    </>
  );
}

function Nothing({ cohort, of }: { cohort: string; of: Agreement }) {
  return (
    <Empty>
      <p>{reason(of)}</p>
      {!of.own && <Link href={`/cohorts/${cohort}/rounds`}>{t("Go to the rounds")}</Link>}
    </Empty>
  );
}

function reason(of: Agreement): string {
  if (of.own)
    return t(
      "There is nothing to tell yet. Your agreement with other readers appears once all of a round is read by two.",
    );
  if (of.reading_policy === "one" && !of.read_once)
    return t(
      "One reader reads each study of this cohort, so there is nothing to compare. Let two read the next round: what they say of the same study without seeing each other is compared here.",
    );
  return of.read_once
    ? tn(
        of.read_once,
        "{n} study has been read by one of two. Figures appear with the first that both have finished.",
        "{n} studies have been read by one of two. Figures appear with the first that both have finished.",
      )
    : t("No study has been read by two readers yet. Figures appear with the first that both have finished.");
}

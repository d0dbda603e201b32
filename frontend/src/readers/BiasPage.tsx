/** How far the machine leads its readers: one page with intervals, from hidden gold studies. */
import { api } from "../api/client";
import type { AutomationBias } from "../api/types";
import { useLoad } from "../app/load";
import { Link, type Params } from "../app/router";
import { Await, Empty } from "../app/ui";
import { t, tn } from "../i18n/t";
import { Accuracy, ErrorKind } from "./BiasTables";
import { Heading } from "./Heading";

export function BiasPage({ params }: { params: Params }) {
  const found = useLoad(() => api.get<AutomationBias>(`/cohorts/${params.id}/bias`), [params.id]);
  return (
    <div class="page">
      <Heading cohort={params.id!} here="/bias" title={t("Automation bias")} />
      <Await of={found} what={t("the figures")}>
        {(data) =>
          data.everybody.studies ? <Figures of={data} /> : <Nothing cohort={params.id!} of={data} />
        }
      </Await>
    </div>
  );
}

function Figures({ of }: { of: AutomationBias }) {
  const readers = of.readers.map(({ reader, bias }) => ({ name: reader, bias }));
  const rows = of.own ? readers : [{ name: t("All readers"), bias: of.everybody }, ...readers];
  return (
    <>
      <p class="lead">
        {t(
          "Among the studies to read there are gold studies that look like all others. In some a candidate was made up where nothing is, in some the candidates on a true lesion were taken away. What readers make of them never becomes training data; it measures them, here.",
        )}{" "}
        {of.own && t("These are your own figures; those of a round appear once all of it is read.")}
      </p>
      <ErrorKind
        id="commission"
        title={t("Accepting what is not there")}
        led={t("Made-up candidates accepted")}
        unled={t("the machine's own wrong ones")}
        half={of.half_width}
        rows={rows.map(({ name, bias }) => ({ name, lead: bias.commission }))}
        says={{
          led: t(
            "The machine leads readers into accepting: they accept more of what it makes up than of its own errors.",
          ),
          averse: t("Readers accept less of what is made up than of the machine's own errors."),
          noLed: t("No made-up candidate has been read yet."),
          noUnled: t("No candidate of the machine's own that is wrong has been read in a hidden study yet."),
        }}
      />
      <ErrorKind
        id="omission"
        title={t("Missing what is not shown")}
        led={t("Lesions missed, candidate taken away")}
        unled={t("missed when drawn from scratch")}
        half={of.half_width}
        rows={rows.map(({ name, bias }) => ({ name, lead: bias.omission }))}
        says={{
          led: t(
            "Readers rely on being shown: they miss more where nothing points at a lesion than when they draw from scratch.",
          ),
          averse: t("Readers miss less where a candidate was taken away than when they draw from scratch."),
          noLed: t("No study with a lesion withheld has been read yet."),
          noUnled: t(
            "No hidden study has been drawn from scratch yet, so there is nothing to hold this against: let more be drawn from scratch in the next round.",
          ),
        }}
      />
      <Accuracy rows={rows} />
      {!of.own && (
        <p class="muted" data-testid="cases">
          {t(
            "Hidden cases in the rounds of this cohort: {plain} unaltered, {withheld} with a lesion withheld, {invented} with a candidate made up. Intervals are of 95 %; cases of one study count as one where they are alike.",
            of.cases,
          )}
        </p>
      )}
    </>
  );
}

function Nothing({ cohort, of }: { cohort: string; of: AutomationBias }) {
  const cases = Object.values(of.cases).reduce((sum, n) => sum + n, 0);
  if (of.own)
    return (
      <Empty>
        <p>
          {t(
            "There is nothing to tell yet. Your figures of a round appear once all of it is read, so that nothing tells a hidden study while it can still be changed.",
          )}
        </p>
      </Empty>
    );
  return (
    <Empty>
      <p>
        {cases
          ? tn(
              cases,
              "{n} hidden study is among those to read, and not read yet. Figures appear with the first.",
              "{n} hidden studies are among those to read, none of them read yet. Figures appear with the first.",
            )
          : t(
              "No gold study is hidden among those to read. Import gold studies whose lesions are all known, then start a round: some of them are read among the others, and what is made of them measures the readers.",
            )}
      </p>
      {!cases && (
        <p class="more">
          <Link href={`/cohorts/${cohort}/import`}>{t("Import gold studies")}</Link>
          <Link href={`/cohorts/${cohort}/rounds`}>{t("Go to the rounds")}</Link>
        </p>
      )}
    </Empty>
  );
}

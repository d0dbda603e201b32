import { useState } from "preact/hooks";
import { all, api } from "../api/client";
import type { Cohort } from "../api/types";
import { when } from "../app/format";
import { useAction, useLoad } from "../app/load";
import { Link, navigate } from "../app/router";
import { may, useSession } from "../app/session";
import { Await, Empty, ErrorLine } from "../app/ui";
import { t } from "../i18n/t";

export function CohortsPage() {
  const cohorts = useLoad(() => all<Cohort>("/cohorts"), []);
  const { user } = useSession();
  const reads = may(user, "clinician");
  return (
    <div class="page">
      <h1>{t("Cohorts")}</h1>
      <Await of={cohorts} what={t("the cohorts")}>
        {(list) =>
          list.length ? (
            <table data-testid="cohorts">
              <thead>
                <tr>
                  <th>{t("Name")}</th>
                  {reads && <th>{t("Waits for you")}</th>}
                  <th class="right">{t("Studies")}</th>
                  <th class="right">{t("Pool")}</th>
                  <th class="right">{t("Gold")}</th>
                  <th>{t("Description")}</th>
                  <th>{t("Made")}</th>
                </tr>
              </thead>
              <tbody>
                {list.map((cohort) => (
                  <tr key={cohort.id}>
                    <td>
                      <Link href={`/cohorts/${cohort.id}`}>{cohort.name}</Link>
                    </td>
                    {reads && (
                      <td>
                        <ReviewLink of={cohort} />
                      </td>
                    )}
                    <td class="num right">{cohort.counts.studies}</td>
                    <td class="num right">{cohort.counts.pool}</td>
                    <td class="num right">{cohort.counts.gold}</td>
                    <td class="wide">{cohort.description}</td>
                    <td class="num">{when(cohort.created_at)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          ) : (
            <Empty>
              <p>
                {t(
                  "A cohort holds studies that are harvested together. Import CT studies into it, let a model propose where lesions are, and judge each proposal with one key.",
                )}
              </p>
              <p>{t("What was accepted trains the next model, which proposes better. Then again.")}</p>
            </Empty>
          )
        }
      </Await>
      {may(user, "data_manager") && <NewCohort first={cohorts.data?.length === 0} />}
    </div>
  );
}

function ReviewLink({ of: { name, review } }: { of: Cohort }) {
  if (!review) return <span class="muted">{t("nothing")}</span>;
  return (
    <Link
      href={`/rounds/${review.round}/review`}
      class="button primary"
      aria-label={t("Review {n} waiting in {name}", { n: review.waiting, name })}
      data-testid="cohort-review"
    >
      {t("Review {n} waiting", { n: review.waiting })}
    </Link>
  );
}

function NewCohort({ first }: { first: boolean }) {
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const action = useAction();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(async () => {
      const made = await api.post<Cohort>("/cohorts", { name, description });
      navigate(`/cohorts/${made.id}/import`);
    });
  };
  return (
    <form class="panel" onSubmit={submit}>
      <h2>{first ? t("Make your first cohort") : t("New cohort")}</h2>
      <div class="fields">
        <label>
          {t("Name")}
          <input
            required
            pattern="[A-Za-z0-9_\-]+"
            title={t("Letters, digits, - and _")}
            maxLength={80}
            value={name}
            onInput={(e) => setName(e.currentTarget.value)}
            data-testid="cohort-name-input"
          />
        </label>
        <label class="grow">
          {t("Description")}
          <input value={description} onInput={(e) => setDescription(e.currentTarget.value)} />
        </label>
        <button type="submit" class="primary" disabled={action.busy} data-testid="cohort-create">
          {t("Make it")}
        </button>
      </div>
      <ErrorLine error={action.error} />
    </form>
  );
}

/** What promoting a detector would change: only the studies in which a reader would see something else. */
import { useState } from "preact/hooks";
import { all, api } from "../api/client";
import type { Cohort, DifferingStudy, HarvestRound, Id, ModelVersion } from "../api/types";
import { when } from "../app/format";
import { useAction, useLoad } from "../app/load";
import { Link } from "../app/router";
import { may, useSession } from "../app/session";
import { Await, active, ErrorLine, Progress, State } from "../app/ui";
import { t, tn } from "../i18n/t";

export const CHANGES: Record<DifferingStudy["changes"][number], string> = {
  loses_lesion: t("loses an accepted lesion"),
  misses_lesion: t("proposes a known lesion as little as before"),
  best_was_rejected: t("puts first what readers rejected"),
  finds_lesion: t("finds a lesion that was missed"),
  other_best: t("puts another candidate first"),
  others: t("other candidates further down"),
};

export function Preview({ version }: { version: ModelVersion }) {
  const { user } = useSession();
  const action = useAction();
  const [cohort, setCohort] = useState<Id>("");
  const mayRun = may(user, "ml_engineer");
  const cohorts = useLoad(() => (mayRun ? all<Cohort>("/cohorts") : Promise.resolve([])), [mayRun]);
  const previews = useLoad(
    () => api.get<HarvestRound[]>(`/models/${version.id}/previews`),
    [version.id],
    (list) => (list?.some((one) => active(one.state)) ? 1500 : null),
  );
  const chosen = cohort || (cohorts.data?.[0]?.id ?? "");
  const start = () =>
    action.run(async () => {
      await api.post(`/models/${version.id}/previews`, { cohort: chosen });
      previews.reload();
    });
  if (version.kind !== "detector" || (version.promoted && !previews.data?.length)) return null;
  return (
    <section data-testid="previews">
      <h2>{t("Preview")}</h2>
      <p class="muted">
        {t(
          "It looks at the studies that the detector in use last proposed in. What a reader would see changed is a queue of its own, and a verdict there counts like any other.",
        )}
      </p>
      {!version.promoted && mayRun && (
        <div class="fields">
          <label>
            {t("Cohort")}
            <select value={chosen} onChange={(e) => setCohort(e.currentTarget.value)}>
              {(cohorts.data ?? []).map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name}
                </option>
              ))}
            </select>
          </label>
          <button type="button" disabled={action.busy || !chosen} onClick={start} data-testid="preview-start">
            {t("See what would change")}
          </button>
        </div>
      )}
      <ErrorLine error={action.error ?? previews.error} />
      {(previews.data ?? []).map((one, place) => (
        <Round key={one.id} round={one} open={place === 0} />
      ))}
    </section>
  );
}

function Round({ round, open }: { round: HarvestRound; open: boolean }) {
  const differing = useLoad(
    () => api.get<DifferingStudy[]>(`/rounds/${round.id}/differing`),
    [round.id, round.done],
  );
  return (
    <details class="panel" open={open} data-testid="preview" data-state={round.state}>
      <summary>
        <State state={round.state} />{" "}
        {t("beside {name}, {when}", { name: round.against?.name ?? "–", when: when(round.created_at) })}
      </summary>
      {active(round.state) && <Progress done={round.done} total={round.total} label={t("Preview")} />}
      <Await of={differing} what={t("what changes")}>
        {(list) => (
          <>
            <p data-testid="preview-count">
              {tn(
                round.total,
                "{m} of {n} study would look different.",
                "{m} of {n} studies would look different.",
                {
                  m: list.length,
                },
              )}{" "}
              {list.length > 0 && (
                <Link href={`/rounds/${round.id}/review`}>{t("Read them, the worst first")}</Link>
              )}
            </p>
            {list.length > 0 && (
              <table data-testid="differing">
                <tbody>
                  {list.map((one) => (
                    <tr key={one.round_study}>
                      <td class="num right">
                        <Link href={`/rounds/${round.id}/review/${one.round_study}`}>
                          {t("Study {number}", { number: one.ordinal })}
                        </Link>
                      </td>
                      <td>{one.changes.map((change) => CHANGES[change]).join(", ")}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
          </>
        )}
      </Await>
    </details>
  );
}

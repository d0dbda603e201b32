import { useState } from "preact/hooks";
import { api, relative } from "../api/client";
import type { Cohort, Page, Study, StudyDetail } from "../api/types";
import { useAction, useLoad } from "../app/load";
import { Link, type Params } from "../app/router";
import { may, useSession } from "../app/session";
import { Await, Empty, ErrorLine, Progress } from "../app/ui";
import { words } from "../app/words";
import { number, t, tn } from "../i18n/t";
import { LESION_CLASSES } from "./choices";

export function StudiesPage({ params }: { params: Params }) {
  const [at, setAt] = useState<string | null>(null);
  const cohort = useLoad(
    () => api.get<Cohort>(`/cohorts/${params.id}`),
    [params.id],
    (data) => (data?.counts.unprepared ? 2000 : null),
  );
  const page = useLoad(
    () => api.get<Page<Study>>(at ?? `/cohorts/${params.id}/studies`),
    [params.id, at],
    (data) => (data?.results.some(isUnfinished) ? 3000 : null),
  );
  const retried = () => {
    cohort.reload();
    page.reload();
  };
  return (
    <div class="page">
      <h1>{t("Studies")}</h1>
      {cohort.data && <Registration counts={cohort.data.counts} />}
      <Await of={page} what={t("the studies")}>
        {({ results, next, previous }) =>
          results.length ? (
            <>
              <table data-testid="studies">
                <thead>
                  <tr>
                    <th class="right">{t("Study")}</th>
                    <th>{t("Subject")}</th>
                    <th>{t("Split")}</th>
                    <th>{t("Pathology")}</th>
                    <th>{t("Phases")}</th>
                    <th>{t("Grid")}</th>
                    <th class="right">{t("Lesions")}</th>
                    <th>
                      <span class="unseen">{t("Actions")}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {results.map((study) => (
                    <StudyRow key={study.id} study={study} onRetried={retried} />
                  ))}
                </tbody>
              </table>
              {(next || previous) && (
                <nav class="pager" aria-label={t("Pages")}>
                  <button type="button" disabled={!previous} onClick={() => setAt(relative(previous!))}>
                    {t("Earlier page")}
                  </button>
                  <button type="button" disabled={!next} onClick={() => setAt(relative(next!))}>
                    {t("Later page")}
                  </button>
                </nav>
              )}
            </>
          ) : (
            <Empty>
              <p>{t("No studies yet.")}</p>
              <p>
                <Link href={`/cohorts/${params.id}/import`}>{t("Import a folder of CT studies")}</Link>
              </p>
            </Empty>
          )
        }
      </Await>
    </div>
  );
}

const isUnfinished = ({ preparation }: Study): boolean =>
  preparation === "waiting" || preparation === "running";

/** How far the registration is, while studies wait for it, and how many it failed on. */
function Registration({ counts }: { counts: Cohort["counts"] }) {
  const { studies, unprepared, preparation_failed: failed } = counts;
  if (!unprepared && !failed) return null;
  return (
    <p class="registration" data-testid="registration">
      {unprepared > 0 && (
        <>
          <span class="num">
            {tn(
              studies,
              "{waiting} of {n} study waiting for registration",
              "{waiting} of {n} studies waiting for registration",
              {
                waiting: unprepared,
              },
            )}
          </span>
          <Progress done={studies - unprepared} total={studies} label={t("Registration")} />
        </>
      )}
      {failed > 0 && (
        <span class="flag">
          ⚠{" "}
          {tn(
            failed,
            "{n} study could not be registered: the reason is in its row",
            "{n} studies could not be registered: the reason is in their rows",
          )}
        </span>
      )}
    </p>
  );
}

function StudyRow({ study, onRetried }: { study: Study; onRetried: () => void }) {
  const { user } = useSession();
  const [lesionClass, setClass] = useState(study.lesion_class);
  const action = useAction();
  const change = (value: string) =>
    action.run(async () => {
      const changed = await api.patch<Study>(`/studies/${study.id}`, { lesion_class: value });
      setClass(changed.lesion_class);
    });
  return (
    <tr data-testid="study-row">
      <td class="num right">{study.ordinal}</td>
      <td class="mono">{study.subject.slice(0, 10)}</td>
      <td>{study.split && words(study.split)}</td>
      <td>
        {may(user, "data_manager") ? (
          <select
            aria-label={t("Pathology of study {number}", { number: study.ordinal })}
            value={lesionClass}
            disabled={action.busy}
            onChange={(e) => change(e.currentTarget.value)}
          >
            <option value="">{t("not known")}</option>
            {LESION_CLASSES.map((name) => (
              <option key={name} value={name}>
                {words(name)}
              </option>
            ))}
          </select>
        ) : (
          words(lesionClass) || t("not known")
        )}
        <ErrorLine error={action.error} />
      </td>
      <td>
        {study.phases.map(words).join(", ")}
        <SuspectedText study={study} />
        <Prepared study={study} onRetried={onRetried} />
      </td>
      <td class="num muted">{grid(study)}</td>
      <td class="num right">{study.lesions}</td>
      <td>
        <Link href={`/studies/${study.id}/draw`}>{t("Open")}</Link>
      </td>
    </tr>
  );
}

/** Whether the phases lie on one grid, where they do not yet, and what a person can do about it. */
function Prepared({ study, onRetried }: { study: Study; onRetried: () => void }) {
  const { user } = useSession();
  const action = useAction();
  if (study.preparation === "ready") return null;
  if (study.preparation !== "failed")
    return (
      <p class="muted" data-testid="preparation">
        {study.preparation === "running" ? t("being registered") : t("waiting for registration")}
      </p>
    );
  const again = () =>
    action.run(async () => {
      await api.post(`/studies/${study.id}/prepare`);
      onRetried();
    });
  return (
    <p class="flag" data-testid="preparation">
      ⚠ {t("Not registered: {why}", { why: study.preparation_error?.message ?? "" })}{" "}
      {may(user, "data_manager") && (
        <button type="button" class="small" disabled={action.busy} onClick={again}>
          {t("Try again")}
        </button>
      )}
      <ErrorLine error={action.error} />
    </p>
  );
}

/** Slices that seem to bear writing: a person looks, and says whether it names somebody. */
function SuspectedText({ study }: { study: Study }) {
  const { user } = useSession();
  const [suspected, setSuspected] = useState(study.suspected_text);
  const action = useAction();
  const where = Object.entries(suspected).map(([phase, slices]) =>
    tn(slices.length, "{phase} {n} slice, first {first}", "{phase} {n} slices, first {first}", {
      phase: words(phase),
      first: slices[0]! + 1,
    }),
  );
  if (!where.length) return null;
  const checked = () =>
    action.run(async () => {
      const changed = await api.post<StudyDetail>(`/studies/${study.id}/text-checked`);
      setSuspected(changed.suspected_text);
    });
  return (
    <p class="flag" data-testid="suspected-text">
      ⚠ {t("There seems to be writing in the image: {where}.", { where: where.join("; ") })}{" "}
      {may(user, "data_manager") && (
        <button type="button" class="small" disabled={action.busy} onClick={checked}>
          {t("I looked, it names nobody")}
        </button>
      )}
      <ErrorLine error={action.error} />
    </p>
  );
}

function grid({ geometry }: Study): string {
  const [z, y, x] = geometry.shape_zyx;
  const spacing = geometry.spacing_xyz_mm.map((mm) => number(mm, 2)).join(" × ");
  return `${x} × ${y} × ${z}, ${spacing} mm`;
}

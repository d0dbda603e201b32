import { useState } from "preact/hooks";
import { all } from "../api/client";
import type { Id, ImportJob, Split } from "../api/types";
import { when } from "../app/format";
import { useLoad } from "../app/load";
import type { Params } from "../app/router";
import { may, useSession } from "../app/session";
import { Await, active, Empty, Progress, State } from "../app/ui";
import { words } from "../app/words";
import { number, t, tn } from "../i18n/t";
import { DropZone } from "./DropZone";
import { ImportItems } from "./ImportItems";
import { PacsQuery } from "./PacsQuery";
import { fetching, sourceOf } from "./pacs";

export function ImportPage({ params }: { params: Params }) {
  const cohort = params.id!;
  const { user } = useSession();
  const [open, setOpen] = useState<Id | null>(null);
  const [split, setSplit] = useState<Split>("pool");
  const jobs = useLoad(
    () => all<ImportJob>(`/cohorts/${cohort}/imports`),
    [cohort],
    // Others may send at any time.
    (list) => (list?.some((job) => active(job.state)) ? 1000 : 10_000),
  );
  const started = (job: ImportJob) => {
    setOpen(job.id);
    jobs.reload();
  };
  const shown = jobs.data?.find((job) => job.id === open) ?? jobs.data?.[0];
  return (
    <div class="page">
      <h1>{t("Import")}</h1>
      {may(user, "data_manager") ? (
        <>
          <SplitChoice split={split} onChange={setSplit} />
          <div class="ways">
            <DropZone cohort={cohort} split={split} onStarted={started} />
            <PacsQuery cohort={cohort} split={split} onStarted={started} />
          </div>
        </>
      ) : (
        <p class="muted">{t("Importing is the data manager's part; you see what came of it.")}</p>
      )}
      <Await of={jobs} what={t("the imports")}>
        {(list) => (
          <>
            {list.length === 0 && (
              <Empty>
                <p>{t("Nothing was imported into this cohort yet.")}</p>
              </Empty>
            )}
            {list.length > 0 && (
              <table data-testid="imports">
                <thead>
                  <tr>
                    <th>{t("Import")}</th>
                    <th>{t("From")}</th>
                    <th>{t("State")}</th>
                    <th>{t("Looked at")}</th>
                    <th>{t("What came of it")}</th>
                    <th>{t("Split")}</th>
                    <th>{t("By")}</th>
                  </tr>
                </thead>
                <tbody>
                  {list.map((job) => (
                    <tr
                      key={job.id}
                      class={job === shown ? "current" : ""}
                      data-testid="import-row"
                      data-state={job.state}
                    >
                      <td>
                        <button
                          type="button"
                          class="link num"
                          aria-pressed={job === shown}
                          onClick={() => setOpen(job.id)}
                        >
                          {when(job.created_at)}
                        </button>
                      </td>
                      <td data-testid="import-source">{sourceOf(job)}</td>
                      <td>
                        <State state={job.state} />
                      </td>
                      <td data-testid="import-progress">
                        <ImportProgress job={job} />
                      </td>
                      <td class="num" data-testid="import-counts">
                        {counts(job)}
                      </td>
                      <td>{words(job.split)}</td>
                      <td>{job.owner ?? "–"}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
            {shown && <ImportItems key={shown.id} job={shown} onChanged={jobs.reload} />}
          </>
        )}
      </Await>
    </div>
  );
}

/** How far it is: with fetching from an archive first, then with what was looked at. */
function ImportProgress({ job }: { job: ImportJob }) {
  const pull = fetching(job);
  if (!pull) return <Progress done={job.done} total={job.total} label={t("Import")} />;
  return <Progress done={pull.studies_done} total={pull.studies} label={t("Pulled studies")} />;
}

function SplitChoice({ split, onChange }: { split: Split; onChange: (split: Split) => void }) {
  const choice = (value: Split, text: string) => (
    <label>
      <input type="radio" name="split" checked={split === value} onChange={() => onChange(value)} /> {text}
    </label>
  );
  return (
    <fieldset class="choice">
      <legend>{t("What is imported is used")}</legend>
      {choice("pool", t("to harvest and train on (pool)"))}
      {choice("gold", t("only to judge models on (gold)"))}
    </fieldset>
  );
}

function counts(job: ImportJob): string {
  const pull = fetching(job);
  if (pull) return tn(pull.objects_done, "pulling: {n} image", "pulling: {n} images");
  const given = Object.entries(job.counts).filter(([outcome, n]) => n > 0 && outcome !== "waiting");
  return (
    given.map(([outcome, n]) => `${number(n)} ${words(outcome)}`).join(", ") ||
    tn(job.total, "{n} study", "{n} studies")
  );
}

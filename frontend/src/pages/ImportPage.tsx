import { useState } from "preact/hooks";
import { all } from "../api/client";
import type { Id, ImportJob } from "../api/types";
import { plural, when, words } from "../app/format";
import { useLoad } from "../app/load";
import type { Params } from "../app/router";
import { may, useSession } from "../app/session";
import { Await, active, Progress, State } from "../app/ui";
import { DropZone } from "./DropZone";
import { ImportItems } from "./ImportItems";

export function ImportPage({ params }: { params: Params }) {
  const cohort = params.id!;
  const { user } = useSession();
  const [open, setOpen] = useState<Id | null>(null);
  const jobs = useLoad(
    () => all<ImportJob>(`/cohorts/${cohort}/imports`),
    [cohort],
    (list) => (list?.some((job) => active(job.state)) ? 1000 : null),
  );
  const started = (job: ImportJob) => {
    setOpen(job.id);
    jobs.reload();
  };
  const shown = jobs.data?.find((job) => job.id === open) ?? jobs.data?.[0];
  return (
    <div class="page">
      <h1>Import</h1>
      {may(user, "data_manager") ? (
        <DropZone cohort={cohort} onStarted={started} />
      ) : (
        <p class="muted">Importing is the data manager's part; you see what came of it.</p>
      )}
      <Await of={jobs} what="the imports">
        {(list) => (
          <>
            {list.length > 0 && (
              <table data-testid="imports">
                <thead>
                  <tr>
                    <th>Import</th>
                    <th>State</th>
                    <th>Looked at</th>
                    <th>What came of it</th>
                    <th>Split</th>
                    <th>By</th>
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
                      <td>
                        <State state={job.state} />
                      </td>
                      <td>
                        <Progress done={job.done} total={job.total} label="Import" />
                      </td>
                      <td class="num" data-testid="import-counts">
                        {counts(job)}
                      </td>
                      <td>{job.split}</td>
                      <td>{job.owner ?? "command"}</td>
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

function counts(job: ImportJob): string {
  const given = Object.entries(job.counts).filter(([outcome, n]) => n > 0 && outcome !== "waiting");
  return (
    given.map(([outcome, n]) => `${n} ${words(outcome)}`).join(", ") || plural(job.total, "study", "studies")
  );
}

/** What came of an import: questions first, then what was refused and why, then what was taken. */
import { all, api } from "../api/client";
import type { ImportItem, ImportJob, Outcome } from "../api/types";
import { useAction, useLoad } from "../app/load";
import { Link } from "../app/router";
import { active, ErrorLine } from "../app/ui";
import { t } from "../i18n/t";
import { PhaseQuestion } from "./PhaseQuestion";

export interface Group {
  outcome: Outcome;
  code: string;
  message: string;
  remedy: string;
  items: ImportItem[];
}

const ORDER: Outcome[] = ["phases_needed", "refused", "duplicate", "taken", "waiting"];

const NAMES: Record<Outcome, string> = {
  phases_needed: t("in need of their phases"),
  refused: t("refused"),
  duplicate: t("duplicate"),
  taken: t("taken"),
  waiting: t("waiting to be read"),
};

/** What nobody needs to read line by line. */
const FOLDED: Outcome[] = ["duplicate", "waiting"];

/** Items with the same outcome, reason and remedy together; what needs somebody comes first. */
export function grouped(items: ImportItem[]): Group[] {
  const groups = new Map<string, Group>();
  for (const item of items) {
    const { outcome, code, message, remedy } = item;
    const key = [outcome, code, message, remedy].join("\n");
    const group = groups.get(key) ?? { outcome, code, message, remedy, items: [] };
    group.items.push(item);
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => ORDER.indexOf(a.outcome) - ORDER.indexOf(b.outcome));
}

export function ImportItems({ job, onChanged }: { job: ImportJob; onChanged: () => void }) {
  const items = useLoad(
    () => all<ImportItem>(`/imports/${job.id}/items`),
    [job.id, active(job.state)],
    () => (active(job.state) ? 1000 : null),
  );
  const action = useAction();
  const cancel = () =>
    action.run(async () => {
      await api.post(`/imports/${job.id}/cancel`);
      onChanged();
    });
  const groups = grouped(items.data ?? []);
  const asked = groups.filter((group) => group.outcome === "phases_needed").flatMap((group) => group.items);
  return (
    <section class="outcomes" data-testid="import-items">
      {active(job.state) && (
        <button type="button" class="small" disabled={action.busy} onClick={cancel}>
          {t("Cancel this import")}
        </button>
      )}
      <ErrorLine error={action.error ?? items.error} />
      {job.error && (
        <p class="error" role="alert">
          {job.error.message}
        </p>
      )}
      {asked.length > 0 && !active(job.state) && <PhaseQuestion job={job} items={asked} onSaid={onChanged} />}
      {groups
        .filter((group) => group.outcome !== "phases_needed")
        .map((group) => (
          <details
            key={[group.outcome, group.code, group.message].join()}
            class={`group ${group.outcome}`}
            open={!FOLDED.includes(group.outcome) && !isRoutine(group.items)}
            data-testid="outcome-group"
            data-outcome={group.outcome}
          >
            <summary>
              <span class="num">{group.items.length}</span>{" "}
              {isRoutine(group.items) ? t("left out") : NAMES[group.outcome]}
              {group.message && <span>: {group.message}</span>}
            </summary>
            {group.remedy && <p class="remedy">{group.remedy}</p>}
            <ul class="items">
              {group.items.map((item) => (
                <li key={item.id} data-testid="import-item" data-outcome={item.outcome}>
                  <span class="mono">
                    {item.relative_path || t("item {number}", { number: item.ordinal })}
                  </span>
                  {item.study && (
                    <>
                      {" "}
                      <Link href={`/studies/${item.study}/draw`}>{t("open the study")}</Link>
                    </>
                  )}
                </li>
              ))}
            </ul>
          </details>
        ))}
      {!groups.length && items.data && !active(job.state) && (
        <p class="muted">{t("No study was found in what was sent.")}</p>
      )}
    </section>
  );
}

/** Whether every archive holds such (a scout, say): nobody needs to read of it unless they wonder. */
function isRoutine(items: readonly ImportItem[]): boolean {
  return items.every((item) => item.details.routine === true);
}

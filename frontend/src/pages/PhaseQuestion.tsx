/** Which series is which phase, where the names do not tell: one choice a series. */
import { useState } from "preact/hooks";
import { api } from "../api/client";
import type { ImportItem, ImportJob } from "../api/types";
import { plural, words } from "../app/format";
import { useAction } from "../app/load";
import { ErrorLine } from "../app/ui";
import { CT_PHASES } from "./choices";

interface AskedSeries {
  key: string;
  slices?: number;
  spacing?: unknown;
  hint?: string | null;
}

export function seriesOf(item: ImportItem): AskedSeries[] {
  const { series } = item.details;
  if (!Array.isArray(series)) return [];
  return series.filter(
    (one): one is AskedSeries => typeof one === "object" && one !== null && typeof one.key === "string",
  );
}

/** Phases that two series of one study claim. */
export function doubled(items: ImportItem[], said: Record<string, string>): string[] {
  const twice = new Set<string>();
  for (const item of items) {
    const given = seriesOf(item)
      .map((series) => said[series.key])
      .filter((phase): phase is string => Boolean(phase));
    for (const phase of given) if (given.indexOf(phase) !== given.lastIndexOf(phase)) twice.add(phase);
  }
  return [...twice];
}

interface Props {
  job: ImportJob;
  items: ImportItem[];
  onSaid: () => void;
}

export function PhaseQuestion({ job, items, onSaid }: Props) {
  const [said, setSaid] = useState<Record<string, string>>(() =>
    Object.fromEntries(
      items.flatMap((item) =>
        seriesOf(item).map((series) => [
          series.key,
          CT_PHASES.includes(series.hint ?? "") ? series.hint! : "",
        ]),
      ),
    ),
  );
  const action = useAction();
  const given = Object.fromEntries(Object.entries(said).filter(([, phase]) => phase));
  const twice = doubled(items, said);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(async () => {
      await api.post(`/imports/${job.id}/phases`, { given_phases: given });
      onSaid();
    });
  };
  return (
    <form class="panel question" onSubmit={submit} data-testid="phase-question">
      <h2>Which phase is which?</h2>
      {items.map((item) => (
        <div key={item.id}>
          <p>
            {item.relative_path && <span class="mono">{item.relative_path}</span>} {item.message}
          </p>
          <table>
            <thead>
              <tr>
                <th>Series</th>
                <th class="right">Slices</th>
                <th>Spacing (mm)</th>
                <th>Phase</th>
              </tr>
            </thead>
            <tbody>
              {seriesOf(item).map((series) => (
                <tr key={series.key}>
                  <td class="mono">{series.key}</td>
                  <td class="num right">{series.slices ?? ""}</td>
                  <td class="num">{spacing(series.spacing)}</td>
                  <td>
                    <select
                      aria-label={`Phase of series ${series.key}`}
                      data-testid={`phase-of-${series.key}`}
                      value={said[series.key]}
                      onChange={(e) => {
                        const phase = e.currentTarget.value;
                        setSaid((all) => ({ ...all, [series.key]: phase }));
                      }}
                    >
                      <option value="">leave it out</option>
                      {CT_PHASES.map((phase) => (
                        <option key={phase} value={phase}>
                          {words(phase)}
                        </option>
                      ))}
                    </select>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ))}
      {twice.length > 0 && (
        <p class="error">Two series of one study are said to be {twice.map(words).join(", ")}.</p>
      )}
      <ErrorLine error={action.error} />
      <button
        type="submit"
        class="primary"
        disabled={action.busy || twice.length > 0 || !Object.keys(given).length}
        data-testid="phases-send"
      >
        Import {plural(items.length, "study", "studies")} with these phases
      </button>
    </form>
  );
}

function spacing(value: unknown): string {
  const numbers = Array.isArray(value) ? value : [value];
  return numbers.map((n) => (typeof n === "number" ? n.toFixed(2) : "")).join(" × ");
}

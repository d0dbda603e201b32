/** Which series is which phase, where names and images are not sure: a picture and a proposal a series, and
 * one click that says yes to them all. */
import { useState } from "preact/hooks";
import { api } from "../api/client";
import type { ImportItem, ImportJob } from "../api/types";
import { percent } from "../app/format";
import { useAction } from "../app/load";
import { ErrorLine } from "../app/ui";
import { words } from "../app/words";
import { number, t, tn } from "../i18n/t";
import { CT_PHASES } from "./choices";
import { type AskedSeries, answers, doubled, proposals, seriesOf } from "./phases";

interface Props {
  job: ImportJob;
  items: ImportItem[];
  onSaid: () => void;
}

export function PhaseQuestion({ job, items, onSaid }: Props) {
  const [said, setSaid] = useState(() => proposals(items));
  const action = useAction();
  const sent = answers(said);
  const twice = doubled(said);
  const choose = (item: string, series: string, phase: string) =>
    setSaid((all) => ({ ...all, [item]: { ...all[item], [series]: phase } }));
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(async () => {
      await api.post(`/imports/${job.id}/phases`, { items: sent });
      onSaid();
    });
  };
  return (
    <form class="panel question" onSubmit={submit} data-testid="phase-question">
      <h2>{t("Which phase is which?")}</h2>
      {items.map((item) => (
        <div key={item.id}>
          <p>
            {item.relative_path && <span class="mono">{item.relative_path}</span>} {item.message}
          </p>
          <div class="asked">
            {seriesOf(item).map((series) => (
              <Asked
                key={series.key}
                series={series}
                phase={said[item.id]?.[series.key] ?? ""}
                onPhase={(phase) => choose(item.id, series.key, phase)}
              />
            ))}
          </div>
        </div>
      ))}
      {twice.length > 0 && (
        <p class="error">
          {t("Two series of one study are said to be {phases}.", { phases: twice.map(words).join(", ") })}
        </p>
      )}
      <ErrorLine error={action.error} />
      <button
        type="submit"
        class="primary"
        disabled={action.busy || twice.length > 0 || !sent.length}
        data-testid="phases-send"
      >
        {tn(sent.length, "Import {n} study with these phases", "Import {n} studies with these phases")}
      </button>
    </form>
  );
}

interface AskedProps {
  series: AskedSeries;
  phase: string;
  onPhase: (phase: string) => void;
}

function Asked({ series, phase, onPhase }: AskedProps) {
  const [seen, setSeen] = useState(true);
  const sure = series.probabilities[phase];
  return (
    <figure data-testid={`series-${series.key}`}>
      {seen ? (
        <img
          src={series.picture}
          alt={t("A slice through the liver of series {name}", { name: series.key })}
          onError={() => setSeen(false)}
        />
      ) : (
        <div class="unseen">{t("no picture")}</div>
      )}
      <figcaption>
        <span class="mono">{series.key}</span>
        <span class="muted num">
          {series.slices !== null && tn(series.slices, "{n} slice", "{n} slices")}
          {series.thicknessMm !== null && `, ${number(series.thicknessMm, 1)} mm`}
        </span>
        <select
          aria-label={t("Phase of series {name}", { name: series.key })}
          data-testid={`phase-of-${series.key}`}
          value={phase}
          onChange={(e) => onPhase(e.currentTarget.value)}
        >
          <option value="">{t("leave it out")}</option>
          {CT_PHASES.map((one) => (
            <option key={one} value={one}>
              {words(one)}
            </option>
          ))}
        </select>
        <span class="muted num" title={t("How likely this phase is, by name, image and order in time")}>
          {sure !== undefined &&
            (sure > 0.99 ? t("more than 99 % likely") : t("{share} likely", { share: percent(sure, 0) }))}
        </span>
      </figcaption>
    </figure>
  );
}

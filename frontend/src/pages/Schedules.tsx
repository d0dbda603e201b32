/** When a cohort's models are retrained without anybody asking. */
import { useState } from "preact/hooks";
import { all, api } from "../api/client";
import type { Id, Schedule } from "../api/types";
import { when } from "../app/format";
import { useAction, useLoad } from "../app/load";
import { Await, ErrorLine } from "../app/ui";
import { words } from "../app/words";
import { t, tn } from "../i18n/t";
import { parseOverrides, showOverrides } from "./choices";
import { USUAL, WhatToTrain } from "./WhatToTrain";

export function Schedules({ cohort, editable }: { cohort: Id; editable: boolean }) {
  const schedules = useLoad(
    () => all<Schedule>(`/cohorts/${cohort}/schedules`),
    [cohort],
    () => 15_000,
  );
  return (
    <section>
      <h2>{t("Schedules")}</h2>
      <Await of={schedules} what={t("the schedules")}>
        {(list) =>
          list.length ? (
            <table data-testid="schedules">
              <thead>
                <tr>
                  <th>{t("Models")}</th>
                  <th>{t("Size")}</th>
                  <th>{t("Every")}</th>
                  <th>{t("On")}</th>
                  <th>{t("Last time")}</th>
                  <th>
                    <span class="unseen">{t("Actions")}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {list.map((schedule) => (
                  <ScheduleRow
                    key={schedule.id}
                    schedule={schedule}
                    editable={editable}
                    onChanged={schedules.reload}
                  />
                ))}
              </tbody>
            </table>
          ) : (
            <p class="muted">
              {t(
                "None. A schedule retrains when there is something new to learn from, and says so when there is not.",
              )}
            </p>
          )
        }
      </Await>
      {editable && <NewSchedule cohort={cohort} onMade={schedules.reload} />}
    </section>
  );
}

function ScheduleRow({
  schedule,
  editable,
  onChanged,
}: {
  schedule: Schedule;
  editable: boolean;
  onChanged: () => void;
}) {
  const action = useAction();
  const change = (body: Partial<Schedule>) =>
    action.run(async () => {
      await api.patch(`/schedules/${schedule.id}`, body);
      onChanged();
    });
  const remove = () =>
    action.run(async () => {
      await api.delete(`/schedules/${schedule.id}`);
      onChanged();
    });
  const name = schedule.kinds.map(words).join(", ");
  return (
    <tr data-testid="schedule-row">
      <td>{name}</td>
      <td>
        {schedule.size} <span class="muted">{showOverrides(schedule.overrides)}</span>
      </td>
      <td>
        <Minutes
          value={schedule.every_minutes}
          label={t("Minutes between trainings of {name}", { name })}
          disabled={!editable || action.busy}
          onChange={(every_minutes) => change({ every_minutes })}
        />
      </td>
      <td>
        <input
          type="checkbox"
          aria-label={t("Schedule of {name} is on", { name })}
          checked={schedule.enabled}
          disabled={!editable || action.busy}
          onChange={() => change({ enabled: !schedule.enabled })}
        />
      </td>
      <td class="wide">
        {schedule.last_fired_at ? `${when(schedule.last_fired_at)}: ${schedule.last_outcome}` : t("not yet")}
        <ErrorLine error={action.error} />
      </td>
      <td>
        {editable && (
          <button type="button" class="small" disabled={action.busy} onClick={remove}>
            {t("Delete")}
          </button>
        )}
      </td>
    </tr>
  );
}

interface MinutesProps {
  value: number;
  label: string;
  disabled?: boolean;
  onChange: (value: number) => void;
}

function Minutes({ value, label, disabled, onChange }: MinutesProps) {
  return (
    <span class="num">
      <input
        type="number"
        min="1"
        max="525600"
        class="short"
        aria-label={label}
        value={value}
        disabled={disabled}
        onChange={(e) => {
          const given = e.currentTarget.valueAsNumber;
          if (given >= 1) onChange(Math.round(given));
        }}
      />{" "}
      min
    </span>
  );
}

function NewSchedule({ cohort, onMade }: { cohort: Id; onMade: () => void }) {
  const [what, setWhat] = useState(USUAL);
  const [every, setEvery] = useState(24 * 60);
  const action = useAction();
  const make = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(async () => {
      const overrides = parseOverrides(what.overrides);
      const { kinds, size } = what;
      await api.post(`/cohorts/${cohort}/schedules`, {
        kinds,
        size,
        overrides,
        every_minutes: every,
        enabled: true,
      });
      onMade();
    });
  };
  return (
    <details class="panel">
      <summary>{t("New schedule")}</summary>
      <form onSubmit={make}>
        <div class="fields">
          <WhatToTrain what={what} onChange={setWhat} />
          <fieldset>
            <legend>{t("Every")}</legend>
            <Minutes value={every} label={t("Minutes between trainings")} onChange={setEvery} />
          </fieldset>
          <button
            type="submit"
            class="primary"
            disabled={action.busy || !what.kinds.length}
            data-testid="schedule-create"
          >
            {tn(every, "Retrain every {n} minute", "Retrain every {n} minutes")}
          </button>
        </div>
        <ErrorLine error={action.error} />
      </form>
    </details>
  );
}

/** When a cohort's models are retrained without anybody asking. */
import { useState } from "preact/hooks";
import { all, api } from "../api/client";
import type { Condition, Id, Schedule, ScheduleOutlook } from "../api/types";
import { percent, when } from "../app/format";
import { useAction, useLoad } from "../app/load";
import { Await, ErrorLine } from "../app/ui";
import { words } from "../app/words";
import { number, t, tn } from "../i18n/t";
import { parseOverrides, showOverrides } from "./choices";
import { DryRun } from "./DryRun";
import { mayBeChained, ThroughTheGate, USUAL, WhatToTrain } from "./WhatToTrain";

/** How often a condition is looked at. */
const LOOK_MINUTES = 5;
const USUAL_AMOUNTS: Record<Condition, number> = { every: 0, lesions: 50, review_hours: 4, agreement: 60 };
const AMOUNT_WORDS: Record<Condition, string> = {
  every: t("Every"),
  lesions: t("New lesions"),
  review_hours: t("Hours of review"),
  agreement: t("Least agreement, %"),
};

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
                  <th>{t("When")}</th>
                  <th>{t("Quiet hours")}</th>
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
      <td>
        {name}
        {schedule.chained && <div class="muted">{t("one after the other, through the gate")}</div>}
      </td>
      <td>
        {schedule.size} <span class="muted">{showOverrides(schedule.overrides)}</span>
      </td>
      <td>
        {schedule.condition === "every" ? (
          <Minutes
            value={schedule.every_minutes}
            label={t("Minutes between trainings of {name}", { name })}
            disabled={!editable || action.busy}
            onChange={(every_minutes) => change({ every_minutes })}
          />
        ) : (
          conditionWords(schedule.condition, schedule.amount ?? 0)
        )}
      </td>
      <td class="num">{quietWords(schedule)}</td>
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
        <DryRun of={() => api.get<ScheduleOutlook>(`/schedules/${schedule.id}/dry-run`)} small />{" "}
        {editable && (
          <button type="button" class="small" disabled={action.busy} onClick={remove}>
            {t("Delete")}
          </button>
        )}
      </td>
    </tr>
  );
}

function conditionWords(condition: Condition, amount: number): string {
  if (condition === "lesions") return tn(amount, "after {n} new lesion", "after {n} new lesions");
  if (condition === "review_hours") return t("after {n} h of review", { n: number(amount, 1) });
  return t("when agreement is below {share}", { share: percent(amount, 0) });
}

function quietWords({ quiet_from, quiet_until }: Schedule): string {
  return quiet_from && quiet_until ? `${quiet_from.slice(0, 5)}–${quiet_until.slice(0, 5)}` : "–";
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
  const [condition, setCondition] = useState<Condition>("every");
  const [amount, setAmount] = useState(50);
  const [chosen, setChained] = useState(false);
  const chained = chosen && mayBeChained(what.kinds);
  const [quiet, setQuiet] = useState({ from: "", until: "" });
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
        every_minutes: condition === "every" ? every : LOOK_MINUTES,
        condition,
        amount: condition === "every" ? null : condition === "agreement" ? amount / 100 : amount,
        quiet_from: quiet.from || null,
        quiet_until: quiet.until || null,
        enabled: true,
        chained,
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
          <ThroughTheGate kinds={what.kinds} chained={chained} onChange={setChained} />
          <label>
            {t("When")}
            <select
              value={condition}
              onChange={(e) => {
                const chosen = e.currentTarget.value as Condition;
                setCondition(chosen);
                setAmount(USUAL_AMOUNTS[chosen]);
              }}
              data-testid="schedule-condition"
            >
              <option value="every">{t("by the clock")}</option>
              <option value="lesions">{t("after new lesions")}</option>
              <option value="review_hours">{t("after hours of review")}</option>
              <option value="agreement">{t("when agreement drops")}</option>
            </select>
          </label>
          <fieldset>
            <legend>{AMOUNT_WORDS[condition]}</legend>
            {condition === "every" ? (
              <Minutes value={every} label={t("Minutes between trainings")} onChange={setEvery} />
            ) : (
              <input
                type="number"
                min="1"
                class="short num"
                aria-label={AMOUNT_WORDS[condition]}
                value={amount}
                onChange={(e) =>
                  e.currentTarget.valueAsNumber > 0 && setAmount(e.currentTarget.valueAsNumber)
                }
                data-testid="schedule-amount"
              />
            )}
          </fieldset>
          <fieldset>
            <legend>{t("Quiet hours")}</legend>
            <input
              type="time"
              aria-label={t("Quiet from")}
              value={quiet.from}
              onChange={(e) => setQuiet({ ...quiet, from: e.currentTarget.value })}
            />{" "}
            –{" "}
            <input
              type="time"
              aria-label={t("Quiet until")}
              value={quiet.until}
              onChange={(e) => setQuiet({ ...quiet, until: e.currentTarget.value })}
            />
          </fieldset>
          <button
            type="submit"
            class="primary"
            disabled={action.busy || !what.kinds.length}
            data-testid="schedule-create"
          >
            {condition === "every"
              ? tn(every, "Retrain every {n} minute", "Retrain every {n} minutes")
              : t("Retrain by itself")}
          </button>
        </div>
        <ErrorLine error={action.error} />
      </form>
    </details>
  );
}

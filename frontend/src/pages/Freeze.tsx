/** Freezing a release: what goes in is the reader's whole work, or what a policy takes of it. */
import { useState } from "preact/hooks";
import { api } from "../api/client";
import type { Id, Policy } from "../api/types";
import { useAction } from "../app/load";
import { ErrorLine } from "../app/ui";
import { t } from "../i18n/t";

const USUAL = { primaryOnly: false, twoReaders: false, agreement: 0, mm: 0, sites: "", negatives: true };

export function Freeze({ cohort, onFrozen }: { cohort: Id; onFrozen: () => void }) {
  const [note, setNote] = useState("");
  const [rule, setRule] = useState(USUAL);
  const [leaveOut, setLeaveOut] = useState(false);
  const action = useAction();
  const set = (change: Partial<typeof USUAL>) => setRule({ ...rule, ...change });
  const leaks = action.error?.code === "leak";
  const freeze = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(async () => {
      await api.post(`/cohorts/${cohort}/releases`, { note, policy: policy(rule, leaveOut) });
      setNote("");
      onFrozen();
    });
  };
  return (
    <form class="panel" onSubmit={freeze}>
      <div class="fields">
        <label class="grow">
          {t("Note")}
          <input maxLength={200} value={note} onInput={(e) => setNote(e.currentTarget.value)} />
        </label>
        <button type="submit" class="primary" disabled={action.busy} data-testid="release-create">
          {t("Freeze a release")}
        </button>
      </div>
      <details>
        <summary>{t("What goes in")}</summary>
        <div class="fields">
          <label>
            {t("Lesions")}
            <select
              value={rule.primaryOnly ? "primary" : "all"}
              onChange={(e) => set({ primaryOnly: e.currentTarget.value === "primary" })}
              data-testid="policy-verdicts"
            >
              <option value="all">{t("all")}</option>
              <option value="primary">{t("primary ones only")}</option>
            </select>
          </label>
          <label>
            {t("Readers")}
            <select
              value={rule.twoReaders ? "2" : "1"}
              onChange={(e) => set({ twoReaders: e.currentTarget.value === "2" })}
            >
              <option value="1">{t("one or more")}</option>
              <option value="2">{t("two or more")}</option>
            </select>
          </label>
          <label>
            {t("Least agreement, %")}
            <input
              type="number"
              min="0"
              max="100"
              class="short num"
              value={rule.agreement}
              onInput={(e) => set({ agreement: e.currentTarget.valueAsNumber || 0 })}
            />
          </label>
          <label>
            {t("Least diameter, mm")}
            <input
              type="number"
              min="0"
              class="short num"
              value={rule.mm}
              onInput={(e) => set({ mm: e.currentTarget.valueAsNumber || 0 })}
              data-testid="policy-mm"
            />
          </label>
          <label>
            {t("Sites")}
            <input
              placeholder={t("all")}
              value={rule.sites}
              onInput={(e) => set({ sites: e.currentTarget.value })}
            />
          </label>
          <label class="inline">
            <input
              type="checkbox"
              checked={rule.negatives}
              onChange={() => set({ negatives: !rule.negatives })}
              data-testid="policy-negatives"
            />{" "}
            {t("Studies without a lesion")}
          </label>
        </div>
        <p class="muted">
          {t(
            "A lesion that does not count is kept as neither lesion nor healthy, so that it teaches nobody that nothing is there.",
          )}
        </p>
      </details>
      <ErrorLine error={action.error} />
      {leaks && (
        <label class="inline">
          <input type="checkbox" checked={leaveOut} onChange={() => setLeaveOut(!leaveOut)} />{" "}
          {t("Leave these studies out")}
        </label>
      )}
    </form>
  );
}

function policy(rule: typeof USUAL, leaveOut: boolean): Policy {
  const sites = rule.sites.split(/[\s,]+/).filter(Boolean);
  return {
    verdicts: rule.primaryOnly ? ["primary_lesion"] : ["primary_lesion", "other_lesion"],
    least_readers: rule.twoReaders ? 2 : 1,
    least_agreement: rule.agreement / 100,
    least_mm: rule.mm,
    sites,
    negatives: rule.negatives,
    leaks: leaveOut ? "leave_out" : "refuse",
  };
}

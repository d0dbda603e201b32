/** What a training would learn from, how long it may take and why it would start: asked for, not done. */
import { useState } from "preact/hooks";
import type { Outlook, ScheduleOutlook } from "../api/types";
import { minutes } from "../app/format";
import { useAction } from "../app/load";
import { ErrorLine } from "../app/ui";
import { words } from "../app/words";
import { t, tn } from "../i18n/t";

interface Props {
  of: () => Promise<Outlook | ScheduleOutlook>;
  small?: boolean;
}

export function DryRun({ of, small }: Props) {
  const [told, setTold] = useState<Outlook | ScheduleOutlook | null>(null);
  const action = useAction();
  const ask = () => action.run(async () => setTold(told ? null : await of()));
  return (
    <>
      <button
        type="button"
        class={small ? "small" : ""}
        disabled={action.busy}
        aria-expanded={told !== null}
        onClick={ask}
        data-testid="dry-run"
      >
        {t("Dry run")}
      </button>
      <ErrorLine error={action.error} />
      {told && <Told told={told} />}
    </>
  );
}

function Told({ told }: { told: Outlook | ScheduleOutlook }) {
  const devices = told.hosts.flatMap((host) => host.devices.map((device) => `${host.name} ${device}`));
  return (
    <section class="panel" data-testid="outlook">
      {"why" in told && (
        <p>
          {told.why}{" "}
          {told.due
            ? told.quiet_until
              ? t("It would start at {time}, after the quiet hours.", { time: told.quiet_until })
              : t("It would start now.")
            : t("It would not start now.")}
        </p>
      )}
      <p class="muted num">
        {tn(Number(told.counts.studies), "{n} curated study", "{n} curated studies")},{" "}
        {tn(Number(told.counts.lesions), "{n} lesion", "{n} lesions")}.{" "}
        {devices.length
          ? t("Devices: {names}.", { names: devices.join(", ") })
          : t("No training host was heard of in the last five minutes.")}{" "}
        {told.waiting > 0 && tn(told.waiting, "{n} training is before it.", "{n} trainings are before it.")}
      </p>
      <table>
        <thead>
          <tr>
            <th>{t("Model")}</th>
            <th>{t("Studies to learn from")}</th>
            <th>{t("Lesions")}</th>
            <th>{t("Gold studies")}</th>
            <th>{t("May take")}</th>
          </tr>
        </thead>
        <tbody>
          {told.kinds.map((kind) => (
            <tr key={kind.kind}>
              <td>
                {words(kind.kind)}
                {kind.obstacle && <div class="muted wide">{kind.obstacle}</div>}
              </td>
              <td class="num">{kind.cases}</td>
              <td class="num">{kind.positives}</td>
              <td class="num">{kind.gold_cases}</td>
              <td class="num">{kind.minutes === null ? t("not known yet") : minutes(kind.minutes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** What reading takes, what candidates save, and how long the rest will take. */
import { api } from "../api/client";
import type { Estimate, LabourLedger, Saved } from "../api/types";
import { useLoad } from "../app/load";
import { Link, type Params } from "../app/router";
import { Await, Empty } from "../app/ui";
import { t, tn } from "../i18n/t";
import { between, duration, percents, plain, tick } from "./figures";
import { Heading } from "./Heading";
import { LabourRows, missing, SavedTable } from "./LabourTables";
import { MODES, modeName } from "./modes";
import { upTo } from "./scale";

const LIVE_MS = 10_000;

export function LabourPage({ params }: { params: Params }) {
  const base = `/cohorts/${params.id}`;
  const found = useLoad(
    () => api.get<LabourLedger>(`${base}/labour`),
    [params.id],
    () => LIVE_MS,
  );
  return (
    <div class="page">
      <Heading cohort={params.id!} here="/labour" title={t("Labour")} />
      <Await of={found} what={t("the ledger")}>
        {(data) => (data.rows.length ? <Figures of={data} base={base} /> : <Nothing base={base} of={data} />)}
      </Await>
    </div>
  );
}

function Figures({ of, base }: { of: LabourLedger; base: string }) {
  const scale = upTo(
    [
      ...of.rows.map((row) => row.a_reading),
      ...of.saved_by_round.flatMap(({ saved }) => [saved.scratch_mean, saved.shown_mean]),
    ],
    10,
  );
  return (
    <>
      <Headline of={of} />
      <SavedTable of={of} scale={scale} />
      <h2>{of.own ? t("Your readings") : t("By round and reader")}</h2>
      <LabourRows rows={of.rows} scale={scale} />
      <p class="muted lead">
        {t(
          "Seconds are measured on the server: the time between two events of a reader counts, up to {idle} s and no further, so that a telephone call does not. Events are verdicts, boxes, finished studies and signs of a hand at mouse or keys.",
          { idle: tick(of.idle_s) },
        )}
      </p>
      <p>
        <a class="button" href={`/api/v1${base}/labour.csv`} download data-testid="labour-csv">
          {t("Export as CSV")}
        </a>
      </p>
    </>
  );
}

function Headline({ of }: { of: LabourLedger }) {
  const spent = MODES.map((mode) => ({
    mode,
    seconds: of.rows.reduce((sum, row) => sum + row.seconds[mode], 0),
  }));
  const { hours, days, hours_a_day, remaining } = of.forecast;
  return (
    <dl class="headline num" data-testid="headline">
      <div>
        <dt>{t("Saved a study")}</dt>
        <dd class="big" data-testid="saved">
          {of.saved.seconds.value === null ? "–" : t("{n} s", { n: plain(0)(of.saved.seconds.value) })}
        </dd>
        <dd class="muted">{savedText(of.saved)}</dd>
      </div>
      <div>
        <dt>{t("To be read")}</dt>
        <dd class="big">{hours.value === null ? "–" : duration(3600 * hours.value)}</dd>
        <dd class="muted" data-testid="forecast">
          {tn(remaining, "{n} reading", "{n} readings")}
          {remaining > 0 && range(hours, (value) => duration(3600 * value))}
        </dd>
      </div>
      <div>
        <dt>{t("At the pace of late")}</dt>
        <dd class="big">{days.value === null ? "–" : tn(Math.ceil(days.value), "{n} day", "{n} days")}</dd>
        <dd class="muted">
          {hours_a_day === null
            ? t("nobody has read of late")
            : t("{time} of reading a day", { time: duration(3600 * hours_a_day) })}
          {remaining > 0 && range(days, (value) => tn(Math.ceil(value), "{n} day", "{n} days"))}
        </dd>
      </div>
      <div>
        <dt>{of.own ? t("You have spent") : t("Spent")}</dt>
        <dd class="big">{duration(spent.reduce((sum, { seconds }) => sum + seconds, 0))}</dd>
        <dd class="muted">
          {spent
            .filter(({ seconds }) => seconds > 0)
            .map(({ mode, seconds }) => `${modeName(mode)} ${duration(seconds)}`)
            .join(", ")}
        </dd>
      </div>
    </dl>
  );
}

/** ", 30 min to 74 min" where there is an interval. */
function range({ lo, hi }: Estimate, show: (value: number) => string): string {
  return lo === null || hi === null ? "" : t(", {lo} to {hi}", { lo: show(lo), hi: show(hi) });
}

function savedText(saved: Saved): string {
  const { lo, hi } = saved.seconds;
  if (lo === null || hi === null) return missing(saved);
  return t("{lo} to {hi} s, {share} %", {
    lo: plain(0)(lo),
    hi: plain(0)(hi),
    share: between(saved.share, percents),
  });
}

function Nothing({ base, of }: { base: string; of: LabourLedger }) {
  return (
    <Empty>
      <p>
        {of.own
          ? t("You have read nothing of this cohort yet. Time is counted from the first verdict on.")
          : t("Nobody has read anything of this cohort yet. Time is counted from the first verdict on.")}
      </p>
      <Link href={`${base}/rounds`}>{t("Go to the rounds")}</Link>
    </Empty>
  );
}

/** What reading takes, what candidates save, and how long the rest will take. */
import { api } from "../api/client";
import type { Estimate, LabourLedger, LabourRow, Saved } from "../api/types";
import { plural } from "../app/format";
import { useLoad } from "../app/load";
import { Link, type Params } from "../app/router";
import { Await, Empty } from "../app/ui";
import { between, duration, percents, plain } from "./figures";
import { Heading } from "./Heading";
import { Axis, Interval } from "./Interval";
import { type Scale, upTo } from "./scale";

const LIVE_MS = 10_000;
const MODES = ["click", "draw", "adjudicate"] as const;

export function LabourPage({ params }: { params: Params }) {
  const base = `/cohorts/${params.id}`;
  const found = useLoad(
    () => api.get<LabourLedger>(`${base}/labour`),
    [params.id],
    () => LIVE_MS,
  );
  return (
    <div class="page">
      <Heading cohort={params.id!} here="/labour">
        Labour
      </Heading>
      <Await of={found} what="the ledger">
        {(data) => (data.rows.length ? <Figures of={data} base={base} /> : <Nothing base={base} of={data} />)}
      </Await>
    </div>
  );
}

function Figures({ of, base }: { of: LabourLedger; base: string }) {
  const total = (mode: (typeof MODES)[number]) => of.rows.reduce((sum, row) => sum + row.seconds[mode], 0);
  const scale = upTo(
    [
      ...of.rows.map((row) => row.a_reading),
      ...of.saved_by_round.flatMap(({ saved }) => [saved.scratch_mean, saved.shown_mean]),
    ],
    10,
  );
  return (
    <>
      <dl class="headline num" data-testid="headline">
        <div>
          <dt>Saved a study</dt>
          <SavedHeadline saved={of.saved} />
        </div>
        <div>
          <dt>To be read</dt>
          <dd class="big">{of.forecast.hours.value === null ? "–" : hours(of.forecast.hours.value)}</dd>
          <dd class="muted" data-testid="forecast">
            {plural(of.forecast.remaining, "reading")}
            {of.forecast.hours.lo !== null && of.forecast.hours.hi !== null && of.forecast.remaining > 0
              ? `, ${hours(of.forecast.hours.lo)} to ${hours(of.forecast.hours.hi)}`
              : ""}
          </dd>
        </div>
        <div>
          <dt>At the pace of late</dt>
          <dd class="big">
            {of.forecast.days.value === null ? "–" : plural(Math.ceil(of.forecast.days.value), "day")}
          </dd>
          <dd class="muted">
            {of.forecast.hours_a_day === null
              ? "nobody has read of late"
              : `${duration(3600 * of.forecast.hours_a_day)} of reading a day${days(of.forecast.days)}`}
          </dd>
        </div>
        <div>
          <dt>{of.own ? "You have spent" : "Spent"}</dt>
          <dd class="big">{duration(MODES.reduce((sum, mode) => sum + total(mode), 0))}</dd>
          <dd class="muted">
            {MODES.filter((mode) => total(mode) > 0)
              .map((mode) => `${mode} ${duration(total(mode))}`)
              .join(", ")}
          </dd>
        </div>
      </dl>
      <SavedTable of={of} scale={scale} />
      <h2>{of.own ? "Your readings" : "By round and reader"}</h2>
      <Rows rows={of.rows} scale={scale} />
      <p class="muted lead">
        Seconds are measured on the server: the time between two events of a reader counts, up to {of.idle_s}{" "}
        s and no further, so that a telephone call does not. Events are verdicts, boxes, finished studies and
        signs of a hand at mouse or keys.
      </p>
      <p>
        <a class="button" href={`/api/v1${base}/labour.csv`} download data-testid="labour-csv">
          Export as CSV
        </a>
      </p>
    </>
  );
}

/** ", 3 to 5 days" where there is an interval. */
function days({ lo, hi }: Estimate): string {
  return lo === null || hi === null ? "" : `, ${Math.ceil(lo)} to ${plural(Math.ceil(hi), "day")}`;
}

const hours = (value: number) => duration(3600 * value);

function SavedHeadline({ saved }: { saved: Saved }) {
  const { seconds, share } = saved;
  if (seconds.value === null)
    return (
      <>
        <dd class="big">–</dd>
        <dd class="muted">{missing(saved)}</dd>
      </>
    );
  return (
    <>
      <dd class="big" data-testid="saved">
        {plain(0)(seconds.value)} s
      </dd>
      <dd class="muted">
        {seconds.lo !== null && seconds.hi !== null
          ? `${plain(0)(seconds.lo)} to ${plain(0)(seconds.hi)} s, ${between(share, percents)} %`
          : missing(saved)}
      </dd>
    </>
  );
}

/** What lacks to an interval that holds; nothing where nothing does. */
function missing({ missing_scratch, missing_shown }: Saved): string {
  const parts = [
    missing_scratch > 0 && `${missing_scratch} more from scratch`,
    missing_shown > 0 && `${missing_shown} more with candidates`,
  ].filter(Boolean);
  return parts.length ? `needs ${parts.join(" and ")}` : "";
}

function SavedTable({ of, scale }: { of: LabourLedger; scale: Scale }) {
  const rows = of.saved_by_round.filter(({ saved }) => saved.shown_mean.n || saved.scratch_mean.n);
  if (!rows.length)
    return of.own ? (
      <p class="muted">What candidates save you is told of rounds that were read to the end.</p>
    ) : null;
  return (
    <>
      <h2>With candidates, and drawn from scratch</h2>
      <table class="figures" data-testid="saved-table">
        <thead>
          <tr>
            <th class="right">Round</th>
            <th>With candidates, s</th>
            <th>From scratch, s</th>
            <th>
              <Axis scale={scale} show={String} />
            </th>
            <th>Saved a study, s</th>
            <th>Saved, %</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {rows.map(({ round, saved }) => (
            <tr key={round}>
              <th scope="row" class="num right">
                {round}
              </th>
              <td class="num">
                {between(saved.shown_mean, plain(0))} <span class="muted">n {saved.shown_mean.n}</span>
              </td>
              <td class="num">
                {between(saved.scratch_mean, plain(0))} <span class="muted">n {saved.scratch_mean.n}</span>
              </td>
              <td>
                <Interval
                  of={saved.shown_mean}
                  beside={saved.scratch_mean}
                  scale={scale}
                  text={`${between(saved.shown_mean, plain(0))} s, from scratch ${between(saved.scratch_mean, plain(0))} s`}
                />
              </td>
              <td class="num">{between(saved.seconds, plain(0))}</td>
              <td class="num">{between(saved.share, percents)}</td>
              <td class="muted">{missing(saved)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="muted lead">
        A share of each round's studies is drawn from scratch, by chance and by the same readers in the same
        hours, so that what candidates save is measured and not guessed. Filled: with candidates. Ring: from
        scratch. Means a study with intervals of 95 %; gold studies that measure readers are left out.
      </p>
    </>
  );
}

function Rows({ rows, scale }: { rows: LabourRow[]; scale: Scale }) {
  return (
    <table class="figures" data-testid="labour-rows">
      <thead>
        <tr>
          <th class="right">Round</th>
          <th>Reader</th>
          <th class="right">Readings</th>
          {MODES.map((mode) => (
            <th key={mode} class="right">
              {{ click: "Click", draw: "Draw", adjudicate: "Adjudicate" }[mode]}
            </th>
          ))}
          <th>A reading, s</th>
          <th>
            <Axis scale={scale} show={String} />
          </th>
        </tr>
      </thead>
      <tbody>
        {[...rows]
          .sort((a, b) => b.round - a.round || a.reader.localeCompare(b.reader))
          .map((row) => (
            <tr key={`${row.round} ${row.reader}`}>
              <td class="num right">{row.round}</td>
              <th scope="row">{row.reader}</th>
              <td class="num right">{row.readings}</td>
              {MODES.map((mode) => (
                <td key={mode} class="num right">
                  {row.seconds[mode] ? duration(row.seconds[mode]) : "–"}
                </td>
              ))}
              <td class="num">{between(row.a_reading, plain(0))}</td>
              <td>
                <Interval of={row.a_reading} scale={scale} text={`${between(row.a_reading, plain(0))} s`} />
              </td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}

function Nothing({ base, of }: { base: string; of: LabourLedger }) {
  return (
    <Empty>
      <p>
        {of.own
          ? "You have read nothing of this cohort yet."
          : "Nobody has read anything of this cohort yet."}{" "}
        Time is counted from the first verdict on. <Link href={`${base}/rounds`}>Go to the rounds</Link> and
        review one.
      </p>
    </Empty>
  );
}

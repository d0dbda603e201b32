/** The tables of the labour ledger: with candidates beside from scratch, and who spent what. */
import type { LabourLedger, LabourRow, Saved } from "../api/types";
import { t } from "../i18n/t";
import { between, duration, percents, plain, tick } from "./figures";
import { Axis, Interval } from "./Interval";
import { MODES, modeName } from "./modes";
import type { Scale } from "./scale";

/** What lacks to an interval that holds; nothing where nothing does. */
export function missing({ missing_scratch, missing_shown }: Saved): string {
  if (missing_scratch && missing_shown)
    return t("needs {scratch} more from scratch and {shown} more with candidates", {
      scratch: missing_scratch,
      shown: missing_shown,
    });
  if (missing_scratch) return t("needs {n} more from scratch", { n: missing_scratch });
  return missing_shown ? t("needs {n} more with candidates", { n: missing_shown }) : "";
}

export function SavedTable({ of, scale }: { of: LabourLedger; scale: Scale }) {
  const rows = of.saved_by_round.filter(({ saved }) => saved.shown_mean.n || saved.scratch_mean.n);
  if (!rows.length)
    return of.own ? (
      <p class="muted">{t("What candidates save you is told of rounds that were read to the end.")}</p>
    ) : null;
  return (
    <>
      <h2>{t("With candidates, and drawn from scratch")}</h2>
      <table class="figures" data-testid="saved-table">
        <thead>
          <tr>
            <th class="right">{t("Round")}</th>
            <th>{t("With candidates, s")}</th>
            <th>{t("From scratch, s")}</th>
            <th>
              <Axis scale={scale} show={tick} />
            </th>
            <th>{t("Saved a study, s")}</th>
            <th>{t("Saved, %")}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {rows.map(({ round, saved }) => (
            <tr key={round}>
              <th scope="row" class="num right">
                {round}
              </th>
              <td class="num">
                {between(saved.shown_mean, plain(0))}{" "}
                <span class="muted">{t("n {n}", { n: saved.shown_mean.n ?? 0 })}</span>
              </td>
              <td class="num">
                {between(saved.scratch_mean, plain(0))}{" "}
                <span class="muted">{t("n {n}", { n: saved.scratch_mean.n ?? 0 })}</span>
              </td>
              <td>
                <Interval
                  of={saved.shown_mean}
                  beside={saved.scratch_mean}
                  scale={scale}
                  text={`${between(saved.shown_mean, plain(0))}; ${between(saved.scratch_mean, plain(0))}`}
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
        {t(
          "A share of each round's studies is drawn from scratch, by chance and by the same readers in the same hours, so that what candidates save is measured and not guessed. Filled: with candidates. Ring: from scratch. Means a study with intervals of 95 %; gold studies that measure readers are left out.",
        )}
      </p>
    </>
  );
}

export function LabourRows({ rows, scale }: { rows: LabourRow[]; scale: Scale }) {
  const newest = [...rows].sort((a, b) => b.round - a.round || a.reader.localeCompare(b.reader));
  return (
    <table class="figures" data-testid="labour-rows">
      <thead>
        <tr>
          <th class="right">{t("Round")}</th>
          <th>{t("Reader")}</th>
          <th class="right">{t("Readings")}</th>
          {MODES.map((mode) => (
            <th key={mode} class="right">
              {modeName(mode)}
            </th>
          ))}
          <th>{t("A reading, s")}</th>
          <th>
            <Axis scale={scale} show={tick} />
          </th>
        </tr>
      </thead>
      <tbody>
        {newest.map((row) => (
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
              <Interval of={row.a_reading} scale={scale} text={between(row.a_reading, plain(0))} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The tables of agreement: all, then by class of pathology, by reader and by pair of readers. */
import type { ComponentChildren } from "preact";
import type { AgreementRow, CandidateVerdict } from "../api/types";
import { words } from "../app/words";
import { t } from "../i18n/t";
import { Mark, VERDICT_WORDS } from "../review/marks";
import { between, plain, sharePercent, tick } from "./figures";
import { Axis, Interval } from "./Interval";
import { kappas, SHARES, upTo } from "./scale";

const groups = (): [AgreementRow["kind"], string][] => [
  ["class", t("By pathology of the study")],
  ["reader", t("By reader, with all others")],
  ["pair", t("By pair of readers")],
];

/** The rows with a heading before each group that has any. */
function Rows({ rows, columns, children }: RowsProps) {
  const line = (row: AgreementRow) => (
    <tr key={`${row.kind} ${row.name} ${row.other}`} class={row.kind === "all" ? "all" : ""}>
      <th scope="row">{nameOf(row)}</th>
      {children(row)}
    </tr>
  );
  return (
    <tbody>
      {rows.filter((row) => row.kind === "all").map(line)}
      {groups().map(([kind, title]) => {
        const group = rows.filter((row) => row.kind === kind);
        const head = (
          <tr class="group" key={kind}>
            <th colSpan={columns} scope="rowgroup">
              {title}
            </th>
          </tr>
        );
        return group.length ? [head, ...group.map(line)] : null;
      })}
    </tbody>
  );
}

interface RowsProps {
  rows: AgreementRow[];
  columns: number;
  children: (row: AgreementRow) => ComponentChildren;
}

export function nameOf(row: AgreementRow): string {
  if (row.kind === "all") return t("All");
  if (row.kind === "pair") return t("{one} and {other}", { one: row.name, other: row.other });
  if (row.kind === "class") return row.name ? words(row.name) : t("not known");
  return row.name;
}

export function Verdicts({ rows }: { rows: AgreementRow[] }) {
  const scale = kappas(rows.map((row) => row.verdicts.kappa));
  return (
    <table class="figures" data-testid="kappas">
      <thead>
        <tr>
          <td />
          <th class="right">{t("Studies")}</th>
          <th class="right">{t("Candidates")}</th>
          <th>{t("Say the same")}</th>
          <th>{t("Kappa")}</th>
          <th>
            <Axis scale={scale} show={tick} />
          </th>
        </tr>
      </thead>
      <Rows rows={rows} columns={6}>
        {({ verdicts }) => (
          <>
            <td class="num right">{verdicts.studies}</td>
            <td class="num right">{verdicts.items}</td>
            <td class="num">{sharePercent(verdicts.agreement)}</td>
            <td class="num">{kappaText(verdicts)}</td>
            <td>
              <Interval of={verdicts.kappa} scale={scale} text={kappaText(verdicts)} />
            </td>
          </>
        )}
      </Rows>
    </table>
  );
}

function kappaText({ kappa, agreement }: AgreementRow["verdicts"]): string {
  if (kappa.value === null && agreement.estimate.value === 1) return t("not defined: one verdict only");
  return between(kappa, plain(2));
}

/** How often the other reader says a verdict too, given that one of them does. */
export function Categories({ of }: { of: AgreementRow }) {
  const said = Object.entries(of.verdicts.of_category).filter(([, share]) => share.cases > 0);
  return (
    <table class="figures" data-testid="categories">
      <thead>
        <tr>
          <th>{t("Where one reader says")}</th>
          <th class="right">{t("Times")}</th>
          <th>{t("so does the other")}</th>
          <th>
            <Axis scale={SHARES} show={(share) => t("{value} %", { value: tick(100 * share) })} />
          </th>
        </tr>
      </thead>
      <tbody>
        {said.map(([verdict, share]) => (
          <tr key={verdict}>
            <th scope="row">
              <Mark verdict={verdict as CandidateVerdict} /> {VERDICT_WORDS[verdict as CandidateVerdict]}
            </th>
            <td class="num right">{share.cases}</td>
            <td class="num">{sharePercent(share)}</td>
            <td>
              <Interval of={share.estimate} scale={SHARES} text={sharePercent(share)} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function Boxes({ rows }: { rows: AgreementRow[] }) {
  const scale = upTo(
    rows.map((row) => row.boxes.distance_mm),
    2,
  );
  return (
    <table class="figures" data-testid="boxes">
      <thead>
        <tr>
          <td />
          <th class="right">{t("Pairs")}</th>
          <th class="right">{t("Without partner")}</th>
          <th>{t("Marks with a partner")}</th>
          <th class="right">{t("Drawn pairs")}</th>
          <th>{t("Overlap (IoU)")}</th>
          <th>{t("Centres apart, mm")}</th>
          <th>
            <Axis scale={scale} show={tick} />
          </th>
        </tr>
      </thead>
      <Rows rows={rows} columns={8}>
        {({ boxes }) => (
          <>
            <td class="num right">{boxes.pairs}</td>
            <td class="num right">{boxes.only_a + boxes.only_b}</td>
            <td class="num">{sharePercent(boxes.detection)}</td>
            <td class="num right">{boxes.drawn_pairs}</td>
            <td class="num">{between(boxes.iou, plain(2))}</td>
            <td class="num">{between(boxes.distance_mm, plain(1))}</td>
            <td>
              <Interval of={boxes.distance_mm} scale={scale} text={between(boxes.distance_mm, plain(1))} />
            </td>
          </>
        )}
      </Rows>
    </table>
  );
}

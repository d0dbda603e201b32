/** Whether readers who do not see each other agree: on verdicts, and on boxes in mm. */
import { api } from "../api/client";
import type { Agreement, AgreementRow, CandidateVerdict } from "../api/types";
import { plural, words } from "../app/format";
import { useLoad } from "../app/load";
import { Link, type Params } from "../app/router";
import { Await, Empty } from "../app/ui";
import { Mark, VERDICT_WORDS } from "../review/marks";
import { between, plain, sharePercent } from "./figures";
import { Heading } from "./Heading";
import { Axis, Interval } from "./Interval";
import { kappas, SHARES, upTo } from "./scale";

export function AgreementPage({ params }: { params: Params }) {
  const found = useLoad(() => api.get<Agreement>(`/cohorts/${params.id}/agreement`), [params.id]);
  return (
    <div class="page">
      <Heading cohort={params.id!} here="/agreement">
        Agreement of the readers
      </Heading>
      <Await of={found} what="the agreement">
        {(data) => (data.rows.length ? <Figures of={data} /> : <Nothing cohort={params.id!} of={data} />)}
      </Await>
    </div>
  );
}

function Figures({ of }: { of: Agreement }) {
  const all = of.rows.find((row) => row.kind === "all")!;
  return (
    <>
      <p class="lead" data-testid="agreement-says">
        {plural(all.verdicts.items, "candidate")} in {plural(all.verdicts.studies, "study", "studies")} were
        judged by two readers who saw nothing of each other. In{" "}
        <strong class="num">{sharePercent(all.verdicts.agreement)}</strong> they say the same.
        {of.read_once > 0 && ` ${plural(of.read_once, "study waits", "studies wait")} for a second reader.`}
        {of.own && " These are your own figures; those of a round appear once all of it is read."}
      </p>
      <h2>Verdicts</h2>
      <Verdicts rows={of.rows} />
      <p class="muted lead">
        Kappa is 0 where readers agree as often as chance would, and 1 where they always do; of all, a class
        or a reader it is Fleiss', of a pair Cohen's. It falls where one verdict is rare even though readers
        agree, so the share stands beside it. Intervals are of 95 %, resampled by study.
      </p>
      <Categories of={all} />
      <h2>Boxes</h2>
      <Boxes rows={of.rows} />
      <p class="muted lead">
        Boxes are paired so that they overlap the most, from an overlap (IoU) of 0.1 on. Overlap and distance
        are medians of pairs of which one at least was drawn by hand: two who accept the same candidate have
        the same box by no merit of their own.
      </p>
    </>
  );
}

const GROUPS: [AgreementRow["kind"], string][] = [
  ["class", "By pathology of the study"],
  ["reader", "By reader, with all others"],
  ["pair", "By pair of readers"],
];

/** The rows with a heading before each group that has any. */
function Rows({
  rows,
  columns,
  children,
}: {
  rows: AgreementRow[];
  columns: number;
  children: (row: AgreementRow) => preact.ComponentChildren;
}) {
  return (
    <tbody>
      {rows
        .filter((row) => row.kind === "all")
        .map((row) => (
          <tr class="all" key="all">
            <th scope="row">All</th>
            {children(row)}
          </tr>
        ))}
      {GROUPS.map(([kind, title]) => {
        const group = rows.filter((row) => row.kind === kind);
        if (!group.length) return null;
        return [
          <tr class="group" key={kind}>
            <th colSpan={columns} scope="rowgroup">
              {title}
            </th>
          </tr>,
          ...group.map((row) => (
            <tr key={`${kind} ${row.name} ${row.other}`}>
              <th scope="row">{nameOf(row)}</th>
              {children(row)}
            </tr>
          )),
        ];
      })}
    </tbody>
  );
}

function nameOf(row: AgreementRow): string {
  if (row.kind === "pair") return `${row.name} and ${row.other}`;
  if (row.kind === "class") return row.name ? words(row.name) : "not known";
  return row.name;
}

function Verdicts({ rows }: { rows: AgreementRow[] }) {
  const scale = kappas(rows.map((row) => row.verdicts.kappa));
  return (
    <table class="figures" data-testid="kappas">
      <thead>
        <tr>
          <th />
          <th class="right">Studies</th>
          <th class="right">Candidates</th>
          <th>Say the same</th>
          <th>Kappa</th>
          <th>
            <Axis scale={scale} show={(tick) => String(tick).replace("-", "−")} />
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
              <Interval of={verdicts.kappa} scale={scale} text={`Kappa ${kappaText(verdicts)}`} />
            </td>
          </>
        )}
      </Rows>
    </table>
  );
}

function kappaText({ kappa, agreement }: AgreementRow["verdicts"]): string {
  if (kappa.value === null && agreement.estimate.value === 1) return "not defined: one verdict only";
  return between(kappa, plain(2));
}

/** How often the other reader says a verdict too, given that one of them does. */
function Categories({ of }: { of: AgreementRow }) {
  const said = Object.entries(of.verdicts.of_category).filter(([, share]) => share.cases > 0);
  return (
    <table class="figures" data-testid="categories">
      <thead>
        <tr>
          <th>Given that one says it</th>
          <th class="right">Said</th>
          <th>so does the other</th>
          <th>
            <Axis scale={SHARES} show={(tick) => `${100 * tick} %`} />
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

function Boxes({ rows }: { rows: AgreementRow[] }) {
  const scale = upTo(
    rows.map((row) => row.boxes.distance_mm),
    2,
  );
  return (
    <table class="figures" data-testid="boxes">
      <thead>
        <tr>
          <th />
          <th class="right">Pairs</th>
          <th class="right">Without partner</th>
          <th>Marks with a partner</th>
          <th class="right">Drawn pairs</th>
          <th>Overlap (IoU)</th>
          <th>Centres apart, mm</th>
          <th>
            <Axis scale={scale} show={String} />
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
              <Interval
                of={boxes.distance_mm}
                scale={scale}
                text={`${between(boxes.distance_mm, plain(1))} mm`}
              />
            </td>
          </>
        )}
      </Rows>
    </table>
  );
}

function Nothing({ cohort, of }: { cohort: string; of: Agreement }) {
  return (
    <Empty>
      {of.own ? (
        <p>
          There is nothing to tell yet. Your agreement with other readers appears once all of a round is read
          by two.
        </p>
      ) : of.reading_policy === "one" ? (
        <p>
          One reader reads each study of this cohort, so there is nothing to compare. Choose two readers for
          the cohort, then <Link href={`/cohorts/${cohort}/rounds`}>start a round</Link>: what two say of the
          same study without seeing each other is compared here.
        </p>
      ) : (
        <p>
          No study has been read by two readers yet.
          {of.read_once > 0 &&
            ` ${plural(of.read_once, "study has", "studies have")} been read by one of them.`}{" "}
          Figures appear with the first study that both have finished.
        </p>
      )}
    </Empty>
  );
}

/** How far the machine leads its readers: one page with intervals, from hidden gold studies. */
import { api } from "../api/client";
import type { AutomationBias, BiasFigures, Lead } from "../api/types";
import { plural } from "../app/format";
import { useLoad } from "../app/load";
import { Link, type Params } from "../app/router";
import { Await, Empty } from "../app/ui";
import { between, judged, ofCases, percents, plain, points, sharePercent } from "./figures";
import { Heading } from "./Heading";
import { Axis, Interval } from "./Interval";
import { SHARES, upTo } from "./scale";

export function BiasPage({ params }: { params: Params }) {
  const found = useLoad(() => api.get<AutomationBias>(`/cohorts/${params.id}/bias`), [params.id]);
  return (
    <div class="page">
      <Heading cohort={params.id!} here="/bias">
        Automation bias
      </Heading>
      <Await of={found} what="the figures">
        {(data) =>
          data.everybody.studies ? <Figures of={data} /> : <Nothing cohort={params.id!} of={data} />
        }
      </Await>
    </div>
  );
}

interface Named {
  name: string;
  bias: BiasFigures;
}

function Figures({ of }: { of: AutomationBias }) {
  const readers: Named[] = of.readers.map(({ reader, bias }) => ({ name: reader, bias }));
  const rows = of.own ? readers : [{ name: "All readers", bias: of.everybody }, ...readers];
  return (
    <>
      <p class="lead">
        Among the studies to read there are gold studies that look like all others. In some a candidate was
        made up where nothing is, in some the candidates on a true lesion were taken away. What readers make
        of them never becomes training data; it measures them, here.
        {of.own && " These are your own figures; those of a round appear once all of it is read."}
      </p>
      <ErrorKind
        title="Accepting what is not there"
        led="Made-up candidates accepted"
        unled="the machine's own wrong ones"
        what="made-up candidates"
        half={of.half_width}
        rows={rows.map(({ name, bias }) => ({ name, lead: bias.commission }))}
        says={COMMISSION}
        id="commission"
      />
      <ErrorKind
        title="Missing what is not shown"
        led="Lesions missed, candidate taken away"
        unled="missed when drawn from scratch"
        what="withheld lesions"
        half={of.half_width}
        rows={rows.map(({ name, bias }) => ({ name, lead: bias.omission }))}
        says={OMISSION}
        id="omission"
      />
      <Accuracy rows={rows} />
      {!of.own && (
        <p class="muted" data-testid="cases">
          Hidden cases in the rounds of this cohort: {of.cases.plain} unaltered, {of.cases.withheld} with a
          lesion withheld, {of.cases.invented} with a candidate made up. Intervals are of 95 %; cases of one
          study count as one where they are alike.
        </p>
      )}
    </>
  );
}

type Says = Record<ReturnType<typeof judged>, string>;

const COMMISSION: Says = {
  led: "The machine leads readers into accepting: they accept more of what it makes up than of its own errors.",
  averse: "Readers accept less of what is made up than of the machine's own errors.",
  open: "A lead is not shown: the interval of the difference holds zero.",
  unknown: "One of both is not measured yet, so there is no difference.",
};

const OMISSION: Says = {
  led: "Readers rely on being shown: they miss more where nothing points at a lesion than when they draw from scratch.",
  averse: "Readers miss less where a candidate was taken away than when they draw from scratch.",
  open: "A lead is not shown: the interval of the difference holds zero.",
  unknown: "One of both is not measured yet, so there is no difference.",
};

interface ErrorProps {
  title: string;
  led: string;
  unled: string;
  what: string;
  half: number;
  rows: { name: string; lead: Lead }[];
  says: Says;
  id: string;
}

/** One kind of error: with the machine's lead (dot) and without it (ring), by reader. */
function ErrorKind({ title, led, unled, what, half, rows, says, id }: ErrorProps) {
  const first = rows[0]!.lead;
  const more = first.more_cases;
  return (
    <section data-testid={id}>
      <h2>{title}</h2>
      <p class="lead">
        <span class={`judgement judgement-${judged(first)}`} data-testid={`${id}-says`}>
          {says[judged(first)]}
        </span>
      </p>
      <table class="figures">
        <thead>
          <tr>
            <th />
            <th>
              <Key /> {led}
            </th>
            <th>
              <Key quiet /> {unled}
            </th>
            <th>
              <Axis scale={SHARES} show={(tick) => `${100 * tick} %`} />
            </th>
            <th>Difference</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, lead }, i) => (
            <tr key={name} class={i === 0 && rows.length > 1 ? "all" : ""}>
              <th scope="row">{name}</th>
              <td class="num">
                {sharePercent(lead.led)} <span class="muted">{ofCases(lead.led)}</span>
              </td>
              <td class="num">
                {sharePercent(lead.unled)} <span class="muted">{ofCases(lead.unled)}</span>
              </td>
              <td>
                <Interval
                  of={lead.led.estimate}
                  beside={lead.unled.estimate}
                  scale={SHARES}
                  text={`${sharePercent(lead.led)}, beside ${sharePercent(lead.unled)}`}
                />
              </td>
              <td class="num">{points(lead.difference)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="muted">
        {more > 0
          ? `${plural(more, "more reading", "more readings")} of ${what} would bring the interval to ±${percents(half)} points, at the present rate.`
          : `There are enough ${what} for an interval of ±${percents(half)} points.`}
      </p>
    </section>
  );
}

function Key({ quiet = false }: { quiet?: boolean }) {
  return (
    <svg class="interval key" width="14" height="10" aria-hidden="true">
      <g class={quiet ? "quiet" : ""}>
        <circle class="value" cx="6" cy="5" r={quiet ? 3.5 : 4.5} />
      </g>
    </svg>
  );
}

function Accuracy({ rows }: { rows: Named[] }) {
  const scale = upTo(
    rows.map(({ bias }) => bias.on_nothing),
    1,
  );
  return (
    <section data-testid="accuracy">
      <h2>Accuracy on unaltered hidden studies</h2>
      <table class="figures">
        <thead>
          <tr>
            <th />
            <th class="right">Studies</th>
            <th>Lesions found</th>
            <th>
              <Axis scale={SHARES} show={(tick) => `${100 * tick} %`} />
            </th>
            <th>Marks on no lesion, a study</th>
            <th>
              <Axis scale={scale} show={String} />
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, bias }, i) => (
            <tr key={name} class={i === 0 && rows.length > 1 ? "all" : ""}>
              <th scope="row">{name}</th>
              <td class="num right">{bias.unaltered}</td>
              <td class="num">
                {sharePercent(bias.sensitivity)} <span class="muted">{ofCases(bias.sensitivity)}</span>
              </td>
              <td>
                <Interval
                  of={bias.sensitivity.estimate}
                  scale={SHARES}
                  text={sharePercent(bias.sensitivity)}
                />
              </td>
              <td class="num">{between(bias.on_nothing, plain(2))}</td>
              <td>
                <Interval of={bias.on_nothing} scale={scale} text={between(bias.on_nothing, plain(2))} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Nothing({ cohort, of }: { cohort: string; of: AutomationBias }) {
  const cases = Object.values(of.cases).reduce((sum, n) => sum + n, 0);
  if (of.own)
    return (
      <Empty>
        <p>
          There is nothing to tell yet. Your figures of a round appear once all of it is read, so that nothing
          tells a hidden study while it can still be changed.
        </p>
      </Empty>
    );
  return (
    <Empty>
      {cases ? (
        <p>
          {plural(cases, "hidden study is", "hidden studies are")} among those to read; none has been read
          yet. Figures appear with the first.
        </p>
      ) : (
        <p>
          No gold study is hidden among those to read.{" "}
          <Link href={`/cohorts/${cohort}/import`}>Import gold studies</Link> whose lesions are all known,
          then <Link href={`/cohorts/${cohort}/rounds`}>start a round</Link>: gold studies are read among the
          others, and what is made of them measures the readers.
        </p>
      )}
    </Empty>
  );
}

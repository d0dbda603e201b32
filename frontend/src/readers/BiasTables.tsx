/** The tables of automation bias: each kind of error with and without the machine's lead, and accuracy. */
import type { BiasFigures, Lead } from "../api/types";
import { t, tn } from "../i18n/t";
import { between, judged, ofCases, plain, points, sharePercent, tick } from "./figures";
import { Axis, Interval } from "./Interval";
import { SHARES, upTo } from "./scale";

const percent = (share: number) => t("{value} %", { value: tick(100 * share) });

interface ErrorProps {
  id: string;
  title: string;
  led: string;
  unled: string;
  half: number;
  rows: { name: string; lead: Lead }[];
  says: { led: string; averse: string; noLed: string; noUnled: string };
}

/** One kind of error: with the machine's lead (dot) and without it (ring), by reader. */
export function ErrorKind({ id, title, led, unled, half, rows, says }: ErrorProps) {
  const first = rows[0]!.lead;
  const verdict = judged(first);
  return (
    <section data-testid={id}>
      <h2>{title}</h2>
      <p class="lead">
        <span class={`judgement judgement-${verdict}`} data-testid={`${id}-says`} data-verdict={verdict}>
          {sentence(first, says)}
        </span>
      </p>
      <table class="figures">
        <thead>
          <tr>
            <td />
            <th>
              <Key /> {led}
            </th>
            <th>
              <Key quiet /> {unled}
            </th>
            <th>
              <Axis scale={SHARES} show={percent} />
            </th>
            <th>{t("Difference")}</th>
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
                  text={`${led}: ${sharePercent(lead.led)}; ${unled}: ${sharePercent(lead.unled)}`}
                />
              </td>
              <td class="num">{points(lead.difference)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="muted">
        {first.more_cases > 0
          ? tn(
              first.more_cases,
              "{n} more reading of such a case would bring the interval to ±{half} points, at the present rate.",
              "{n} more readings of such cases would bring the interval to ±{half} points, at the present rate.",
              { half: tick(100 * half) },
            )
          : t("These are enough cases for an interval of ±{half} points.", { half: tick(100 * half) })}
      </p>
    </section>
  );
}

function sentence(lead: Lead, says: ErrorProps["says"]): string {
  switch (judged(lead)) {
    case "led":
      return says.led;
    case "averse":
      return says.averse;
    case "open":
      return t("A lead is not shown: the interval of the difference holds zero.");
    case "unknown":
      return lead.led.cases ? says.noUnled : says.noLed;
  }
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

export function Accuracy({ rows }: { rows: { name: string; bias: BiasFigures }[] }) {
  const scale = upTo(rows.map(({ bias }) => bias.on_nothing));
  return (
    <section data-testid="accuracy">
      <h2>{t("Accuracy on unaltered hidden studies")}</h2>
      <table class="figures">
        <thead>
          <tr>
            <td />
            <th class="right">{t("Readings")}</th>
            <th>{t("Lesions found")}</th>
            <th>
              <Axis scale={SHARES} show={percent} />
            </th>
            <th>{t("Marks on no lesion, a study")}</th>
            <th>
              <Axis scale={scale} show={tick} />
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

/** Why a characterizer says what it says: its shares, the slice it judged, and what each phase weighs. */

import type { Characterization } from "../api/types";
import { percent } from "../app/format";
import { words } from "../app/words";
import { number, t } from "../i18n/t";
import { ranked } from "./Characterized";
import { evidenceOf } from "./evidence";

interface Props {
  readonly said: Characterization;
  readonly onSlice: (slice: number) => void;
}

export function EvidencePanel({ said, onSlice }: Props) {
  const { slice, phases, missing, votes, cells } = evidenceOf(said);
  const most = Math.max(0.01, ...phases.map(([, weight]) => Math.abs(weight)));
  return (
    <div class="evidence" data-testid="evidence">
      {Object.entries(said.outputs).map(([output, values]) => (
        <Bars
          key={output}
          title={said.calibrated ? t("Probability") : t("Score, not a probability")}
          rows={ranked(values).map(([label, value]) => [words(label), value, percent(value, 0)])}
        />
      ))}
      {phases.length > 0 && (
        <Bars
          title={t("Without the phase, the first falls by")}
          rows={phases.map(([phase, weight]) => [words(phase), weight / most, number(weight, 2)])}
        />
      )}
      {missing.length > 0 && (
        <p class="muted">{t("Not there: {phases}.", { phases: missing.map(words).join(", ") })}</p>
      )}
      {votes.length > 0 && (
        <p>
          {t("Votes of the networks: {votes}.", {
            votes: votes.map(([label, n]) => `${words(label)} ${n}`).join(", "),
          })}
        </p>
      )}
      {slice !== null && (
        <button type="button" class="small" data-testid="evidence-slice" onClick={() => onSlice(slice)}>
          {t("Show the slice it judged")}
        </button>
      )}
      {cells.length > 0 && (
        <p class="muted">
          {t(
            "There: dots in solid colour speak for the answer, hollow ones against it, the larger the more.",
          )}
        </p>
      )}
    </div>
  );
}

interface BarsProps {
  readonly title: string;
  /** What, its length from -1 to 1, and its figure. */
  readonly rows: readonly (readonly [string, number, string])[];
}

function Bars({ title, rows }: BarsProps) {
  return (
    <table>
      <caption>{title}</caption>
      <tbody>
        {rows.map(([name, length, text]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td class="evidence__bar">
              <span
                class={length < 0 ? "below" : ""}
                style={{ width: `${100 * Math.min(1, Math.abs(length))}%` }}
              />
            </td>
            <td class="num right">{text}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

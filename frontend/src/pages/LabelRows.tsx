/** The rows of a table of labels by their numbers: what is wrong, what is asked, what will be done. */
import { useState } from "preact/hooks";
import type { Id, LabelRow } from "../api/types";
import { plural, words } from "../app/format";
import { type Answers, before, sorted } from "./labels";

const SHOWN = 200;
const OPEN = "";
const LEAVE_OUT = "leave out";

interface Props {
  rows: LabelRow[];
  answers: Answers;
  busy: boolean;
  /** `undefined` takes the answer back. */
  onAnswer: (row: number, study: Id | null | undefined) => void;
}

export function LabelRows({ rows, answers, busy, onAnswer }: Props) {
  const [limit, setLimit] = useState(SHOWN);
  const hidden = rows.length - limit;
  return (
    <>
      <table data-testid="label-rows">
        <thead>
          <tr>
            <th class="right">Row</th>
            <th>What comes of it</th>
            <th>Class</th>
            <th>Procedure</th>
            <th>Study</th>
          </tr>
        </thead>
        <tbody>
          {sorted(rows)
            .slice(0, limit)
            .map((row) => (
              <tr key={row.row} data-testid="label-row" data-row={row.row} data-state={row.state}>
                <td class="num right">{row.row}</td>
                <td class={row.state === "error" ? "error wide" : "wide"}>
                  {row.message || words(row.state)}
                </td>
                <td>{row.lesion_class && words(row.lesion_class)}</td>
                <td>{row.procedure && words(row.procedure)}</td>
                <td>
                  {row.state === "question" || row.row in answers ? (
                    <Question row={row} answer={answers[row.row]} busy={busy} onAnswer={onAnswer} />
                  ) : (
                    row.study && `${row.study.ordinal} (${before(row.study.days)})`
                  )}
                </td>
              </tr>
            ))}
        </tbody>
      </table>
      {hidden > 0 && (
        <button type="button" onClick={() => setLimit((n) => n + SHOWN)}>
          Show {plural(Math.min(hidden, SHOWN), "more row")} of {hidden}
        </button>
      )}
    </>
  );
}

function Question({
  row,
  answer,
  busy,
  onAnswer,
}: {
  row: LabelRow;
  answer: Id | null | undefined;
  busy: boolean;
  onAnswer: Props["onAnswer"];
}) {
  return (
    <select
      aria-label={`Study of row ${row.row}`}
      data-testid={`study-of-row-${row.row}`}
      disabled={busy}
      value={answer === undefined ? OPEN : (answer ?? LEAVE_OUT)}
      onChange={(event) => {
        const { value } = event.currentTarget;
        onAnswer(row.row, value === OPEN ? undefined : value === LEAVE_OUT ? null : value);
      }}
    >
      <option value={OPEN}>which study?</option>
      {row.choices.map((study) => (
        <option key={study.id} value={study.id}>
          study {study.ordinal}, {before(study.days)}
          {study.lesion_class ? `, now ${words(study.lesion_class)}` : ""}
        </option>
      ))}
      <option value={LEAVE_OUT}>leave the row out</option>
    </select>
  );
}

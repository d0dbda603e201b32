/** The rows of a table of labels by their numbers: what is wrong, what is asked, what will be done. */
import { useState } from "preact/hooks";
import type { Id, LabelRow } from "../api/types";
import { words } from "../app/words";
import { t, tn } from "../i18n/t";
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
            <th class="right">{t("Row")}</th>
            <th>{t("What comes of it")}</th>
            <th>{t("Class")}</th>
            <th>{t("Procedure")}</th>
            <th>{t("Study")}</th>
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
          {tn(Math.min(hidden, SHOWN), "Show {n} more row of {total}", "Show {n} more rows of {total}", {
            total: hidden,
          })}
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
      aria-label={t("Study of row {number}", { number: row.row })}
      data-testid={`study-of-row-${row.row}`}
      disabled={busy}
      value={answer === undefined ? OPEN : (answer ?? LEAVE_OUT)}
      onChange={(event) => {
        const { value } = event.currentTarget;
        onAnswer(row.row, value === OPEN ? undefined : value === LEAVE_OUT ? null : value);
      }}
    >
      <option value={OPEN}>{t("which study?")}</option>
      {row.choices.map((study) => (
        <option key={study.id} value={study.id}>
          {t("study {number}, {when}", { number: study.ordinal, when: before(study.days) })}
          {study.lesion_class ? t(", now {class}", { class: words(study.lesion_class) }) : ""}
        </option>
      ))}
      <option value={LEAVE_OUT}>{t("leave the row out")}</option>
    </select>
  );
}

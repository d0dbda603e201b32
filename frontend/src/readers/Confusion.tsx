/** Which verdicts two readers give one candidate: where they differ, and not only how often. */
import { useState } from "preact/hooks";
import type { Agreement, AgreementRow, CandidateVerdict } from "../api/types";
import { t } from "../i18n/t";
import { Mark, VERDICT_WORDS } from "../review/marks";
import { nameOf } from "./AgreementTables";

const keyOf = (row: AgreementRow) => `${row.kind} ${row.name} ${row.other}`;

export function Confusion({ of }: { of: Agreement }) {
  const rows = of.rows.filter((row) => row.verdicts.items > 0);
  const [chosen, choose] = useState("");
  const row = rows.find((row) => keyOf(row) === chosen) ?? rows[0];
  if (!row) return null;
  const [one, other] = row.kind === "pair" ? [row.name, row.other] : [t("one"), t("the other")];
  return (
    <div class="confusion">
      <label>
        {t("Readers")}{" "}
        <select value={keyOf(row)} onChange={(event) => choose(event.currentTarget.value)}>
          {rows.map((row) => (
            <option key={keyOf(row)} value={keyOf(row)}>
              {nameOf(row)}
            </option>
          ))}
        </select>
      </label>
      <Matrix
        row={row}
        verdicts={of.categories as CandidateVerdict[]}
        corner={t("{one} says, {other} says", { one, other })}
      />
    </div>
  );
}

function Matrix({ row, verdicts, corner }: MatrixProps) {
  const most = Math.max(1, ...row.confusion.flat());
  const cell = (i: number, j: number) => {
    // Without a first reader a difference is one, whoever said which.
    if (row.kind !== "pair" && j < i) return <td key={j} />;
    const times = row.confusion[i]![j]!;
    return (
      <td key={j} class={`num right ${i === j ? "same" : "differ"}`} style={{ "--share": times / most }}>
        {times}
      </td>
    );
  };
  return (
    <table class="figures" data-testid="confusion">
      <thead>
        <tr>
          <th>{corner}</th>
          {verdicts.map((verdict) => (
            <th key={verdict} scope="col" class="right">
              <Mark verdict={verdict} /> {VERDICT_WORDS[verdict]}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {verdicts.map((verdict, i) => (
          <tr key={verdict}>
            <th scope="row">
              <Mark verdict={verdict} /> {VERDICT_WORDS[verdict]}
            </th>
            {verdicts.map((_, j) => cell(i, j))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface MatrixProps {
  row: AgreementRow;
  verdicts: CandidateVerdict[];
  corner: string;
}

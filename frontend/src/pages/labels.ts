/** What a table of labels came to, and the answers a person gives to its questions. */
import type { Id, LabelRow, RowState } from "../api/types";
import { t, tn } from "../i18n/t";

/** Row number to the study that is meant, null to leave the row out. */
export type Answers = Record<number, Id | null>;

const ORDER: RowState[] = ["error", "question", "ready", "skipped", "unchanged"];

/** What needs a person first; within that, the table's own order. */
export function sorted(rows: LabelRow[]): LabelRow[] {
  return [...rows].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.row - b.row);
}

/** The table with its window and answers, as the server takes it. */
export function form(file: File, windowDays: number, answers: Answers): FormData {
  const body = new FormData();
  body.append("file", file, "labels");
  body.append("window_days", String(windowDays));
  body.append("choices", JSON.stringify(answers));
  return body;
}

/** "3 days before", "same day", or that the date is not known. */
export function before(days: number | null): string {
  if (days === null) return t("date not known");
  if (days === 0) return t("same day");
  return tn(days, "{n} day before", "{n} days before");
}

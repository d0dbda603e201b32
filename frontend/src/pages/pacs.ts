/** What a page says of studies in an archive and of where imports came from. */
import type { FoundInArchive, ImportJob } from "../api/types";
import { words } from "../app/words";

/** "20190314" as "2019-03-14"; what is no date as it is. */
export function day(date: string): string {
  return /^\d{8}$/.test(date) ? `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}` : date;
}

/** Which way an import's files came, and from whom where others sent them. */
export function sourceOf({ source, source_name }: Pick<ImportJob, "source" | "source_name">): string {
  if (source === "stow") return "STOW-RS";
  return source_name || words(source);
}

/** The fetching of an import that is still under way, null where there is none (any more). */
export function fetching(job: Pick<ImportJob, "state" | "pull">): ImportJob["pull"] {
  const waits = job.state === "queued" || job.state === "running";
  return waits && job.pull && !job.pull.finished_at ? job.pull : null;
}

/** Nothing is asked of an archive that would list all it has. */
export function narrow(form: { from: string; to: string; patient: string; accession: string }): boolean {
  return [form.from, form.to, form.patient, form.accession].some((value) => value.trim() !== "");
}

/** The chosen with one study more or less. */
export function toggled(chosen: ReadonlySet<string>, study: string): ReadonlySet<string> {
  const next = new Set(chosen);
  if (!next.delete(study)) next.add(study);
  return next;
}

export function allOf(studies: readonly FoundInArchive[]): ReadonlySet<string> {
  return new Set(studies.map((study) => study.study_uid));
}

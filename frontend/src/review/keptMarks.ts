/** "Not visible in this phase", said before there is a verdict that carries it: it outlives a reload. */

import type { Id } from "../api/types";
import type { Shelf } from "../editor/draft";

export type Marks = Readonly<Record<Id, readonly string[]>>;

const keyOf = (reader: string, roundStudy: Id) => `harvest.marks.${reader}.${roundStudy}`;

/** Puts the marks of a study away; none leaves nothing behind. A browser that keeps nothing loses them. */
export function keepMarks(shelf: Shelf, reader: string, roundStudy: Id, marks: Marks): void {
  try {
    const said = Object.entries(marks).filter(([, phases]) => phases.length > 0);
    if (said.length > 0) shelf.setItem(keyOf(reader, roundStudy), JSON.stringify(Object.fromEntries(said)));
    else shelf.removeItem(keyOf(reader, roundStudy));
  } catch {
    // Full, or private.
  }
}

/** The marks put away last; empty where there are none that can be read. */
export function takeMarks(shelf: Shelf, reader: string, roundStudy: Id): Marks {
  try {
    const value: unknown = JSON.parse(shelf.getItem(keyOf(reader, roundStudy)) ?? "{}");
    return Object.fromEntries(Object.entries(value as object).filter(([, phases]) => isPhases(phases)));
  } catch {
    return {};
  }
}

const isPhases = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((phase) => typeof phase === "string");

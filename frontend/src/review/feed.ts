/** Which studies come next: a short queue ahead of the reader, refilled from the server's answers. */
import type { Id, NextStudy, ReviewStudy } from "../api/types";

/** The studies to show after `current`, in the server's order and without what is done here already. The
 * server sends only those that the page does not hold in `held`. */
export function upcoming(
  answer: NextStudy,
  held: readonly ReviewStudy[],
  current: Id | null,
  done: ReadonlySet<Id>,
): ReviewStudy[] {
  const known = new Map([...held, ...answer.studies].map((study) => [study.id, study]));
  return [...new Set(answer.order)].flatMap((id) => {
    const study = known.get(id);
    return study && id !== current && !done.has(id) ? [study] : [];
  });
}

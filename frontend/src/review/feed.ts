/** Which studies come next: a short queue ahead of the reader, refilled from the server's answers. */
import type { Id, NextStudy, ReviewStudy } from "../api/types";

/** The studies to show after `current`: what the server hands out, without what is done here already. */
export function upcoming(answer: NextStudy, current: Id | null, done: ReadonlySet<Id>): ReviewStudy[] {
  const seen = new Set<Id>();
  return [answer.study, ...answer.ahead].filter((study): study is ReviewStudy => {
    if (!study || study.id === current || done.has(study.id) || seen.has(study.id)) return false;
    seen.add(study.id);
    return true;
  });
}

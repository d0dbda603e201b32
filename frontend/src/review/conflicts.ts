/** Two versions of one reader: the one that is stored, and the one that was refused because of it. */
import type { Id, Verdict } from "../api/types";
import type { Entry } from "./outbox";
import { eventOfEntry } from "./outboxes";
import type { ReviewEvent } from "./state";

export interface Conflict {
  entry: Entry;
  roundStudy: Id;
  candidate: Id | null;
  /** Null where the other page took back what stood. */
  stored: { id: Id; verdict: Verdict; created_at: string } | null;
  /** Null where this page took it back. */
  mine: Verdict | null;
}

export function conflictOf(entry: Entry): Conflict {
  const event = eventOfEntry(entry);
  return {
    entry,
    roundStudy: entry.roundStudy,
    candidate: event.candidate,
    stored: entry.stale?.stored ?? null,
    mine: event.verdict,
  };
}

/** The event that puts the reader's version in the place of the stored one; null where nothing is to be done. */
export function mineAgain({ entry, stored, mine }: Conflict, id: Id): ReviewEvent | null {
  const event = eventOfEntry(entry);
  if (mine === stored?.verdict || (mine === null && stored === null)) return null;
  const undoes = mine === null && stored ? stored.id : null;
  return { ...event, id, act: id, undoes, seen: stored?.id ?? null, receipt: "queued" };
}

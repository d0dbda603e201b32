/** The browser's one outbox for whoever is signed in. */
import { api } from "../api/client";
import { asApiError } from "../api/errors";
import type { Id, Verdict } from "../api/types";
import { type Entry, Outbox } from "./outbox";
import type { ReviewEvent } from "./state";
import { IndexedStore } from "./store";

let current: { owner: string; outbox: Outbox } | null = null;

export function outboxOf(owner: string): Outbox {
  if (current?.owner !== owner) {
    const outbox = new Outbox({
      owner,
      store: new IndexedStore(indexedDB),
      send: (path, body) => api.post(path, body),
      asError: asApiError,
    });
    window.addEventListener("online", () => outbox.resume());
    current = { owner, outbox };
  }
  return current.outbox;
}

/** The outbox entry of a verdict or of the taking back of one. */
export function reviewEntry(roundStudy: Id, event: ReviewEvent) {
  const what = event.undoes
    ? { undoes: event.undoes }
    : { candidate: event.candidate, verdict: event.verdict };
  return {
    id: event.id,
    roundStudy,
    path: `/round-studies/${roundStudy}/reviews`,
    body: { id: event.id, ...what },
  };
}

/** The entry that says that a study is done; its id is the browser's own. */
export function completeEntry(roundStudy: Id, id: Id) {
  return {
    id,
    roundStudy,
    path: `/round-studies/${roundStudy}/complete`,
    body: {},
  };
}

export const isComplete = (entry: Entry): boolean => entry.path.endsWith("/complete");

/** The events among entries, as a study's state needs them. */
export function eventsOf(entries: Entry[]): ReviewEvent[] {
  return entries
    .filter((entry) => !isComplete(entry))
    .map(({ id, body }) => ({
      id,
      candidate: (body.candidate as Id | null | undefined) ?? null,
      verdict: (body.verdict as Verdict | undefined) ?? null,
      undoes: (body.undoes as Id | undefined) ?? null,
      receipt: "queued",
    }));
}

/** The browser's one outbox for whoever is signed in. */
import { api } from "../api/client";
import { ApiError, asApiError } from "../api/errors";
import type { Id, Verdict } from "../api/types";
import { type Answer, type Entry, Outbox } from "./outbox";
import type { ReviewEvent } from "./state";
import { IndexedStore } from "./store";

const NAME = "harvest-outbox";

let current: { owner: string; outbox: Outbox } | null = null;

export function outboxOf(owner: string): Outbox {
  if (current?.owner !== owner) {
    const outbox = new Outbox({
      owner,
      store: new IndexedStore(indexedDB),
      send: (path, body) => api.post(path, body),
      asError: asApiError,
      alone,
      channel: channelOf(new BroadcastChannel(NAME)),
    });
    window.addEventListener("online", () => outbox.resume());
    current = { owner, outbox };
  }
  return current.outbox;
}

/** On plain http there are no locks between pages: two may send the same, which is stored once all the same. */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  if (!("locks" in navigator)) return work();
  return (await navigator.locks.request(NAME, work)) as T;
}

/** Answers between pages; an error travels as its parts, for a copy of it would lose them. */
function channelOf(channel: BroadcastChannel) {
  interface Told {
    entry: Entry;
    error: Pick<ApiError, "status" | "code" | "message" | "details"> | null;
  }
  return {
    tell: (answer: Answer) => {
      const error = answer.outcome === "refused" ? answer.error : null;
      const parts = error && {
        status: error.status,
        code: error.code,
        message: error.message,
        details: error.details,
      };
      channel.postMessage({ entry: answer.entry, error: parts } satisfies Told);
    },
    hear: (listener: (answer: Answer) => void) => {
      channel.onmessage = ({ data }: MessageEvent<Told>) => {
        const { entry, error } = data;
        if (!error) return listener({ entry, outcome: "stored" });
        const whole = new ApiError(error.status, error.code, error.message, error.details);
        listener({ entry, outcome: "refused", error: whole });
      };
    },
  };
}

/** The outbox entry of a verdict or of the taking back of one. */
export function reviewEntry(roundStudy: Id, event: ReviewEvent) {
  const { id, candidate, verdict, absent, undoes, seen, act } = event;
  const what = undoes
    ? { undoes }
    : { candidate, verdict, ...(candidate ? { absent_phases: [...absent] } : {}) };
  return {
    id,
    roundStudy,
    candidate,
    act,
    path: `/round-studies/${roundStudy}/reviews`,
    body: { id, ...what, seen },
  };
}

/** The entry that says that a study is done; its id is the browser's own. */
export function completeEntry(roundStudy: Id, id: Id) {
  return {
    id,
    roundStudy,
    candidate: null,
    act: id,
    path: `/round-studies/${roundStudy}/complete`,
    body: {},
  };
}

export const isComplete = (entry: Entry): boolean => entry.path.endsWith("/complete");

/** The event of an entry, as a study's state needs it. */
export function eventOfEntry({ id, candidate, act, body }: Entry): ReviewEvent {
  return {
    id,
    candidate: candidate ?? null,
    verdict: (body.verdict as Verdict | undefined) ?? null,
    absent: (body.absent_phases as string[] | undefined) ?? [],
    undoes: (body.undoes as Id | undefined) ?? null,
    seen: body.seen as Id | null | undefined,
    act: act ?? id,
    receipt: "queued",
  };
}

/** The events among entries. */
export function eventsOf(entries: Entry[]): ReviewEvent[] {
  return entries.filter((entry) => !isComplete(entry)).map(eventOfEntry);
}

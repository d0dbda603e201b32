/** What is drawn on a study: its state, the draft kept of it, and its way to the server. */

import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import { api } from "../api/client";
import type { ReviewStudy } from "../api/types";
import { uuid } from "../api/uuid";
import type { Vec3 } from "../geometry/volume";
import type { Outbox } from "../review/outbox";
import { eventsOf, reviewEntry } from "../review/outboxes";
import { eventOf, open } from "../review/state";
import { draftNudges, dropDraft, keepDraft, nudgesStill, takeDraft } from "./draft";
import { type Receipts, Saver } from "./saver";
import type { Step } from "./saving";
import { type Action, type EditorState, initialState, reduce } from "./state";

interface Setting {
  readonly studyId: string;
  readonly round: ReviewStudy | null;
  readonly reader: string;
  readonly outbox: Outbox;
  /** By phase where it lies now (mm), as the server has it. */
  readonly placed: Readonly<Record<string, Vec3>>;
}

export interface Drawing {
  readonly state: EditorState;
  readonly receipts: Receipts;
  /** False where the browser does not keep the draft. */
  readonly kept: boolean;
  readonly saving: boolean;
  readonly dispatch: (action: Action) => void;
  /** True once the server holds what was drawn. */
  readonly save: () => Promise<boolean>;
}

export function useDrawing(setting: Setting): Drawing {
  const { studyId, round, reader, outbox, placed } = setting;
  const start = useMemo(() => takeDraft(localStorage, reader, studyId), [reader, studyId]);
  const verdictId = useMemo(() => start?.verdictId ?? uuid(), [start]);
  const [state, dispatch] = useReducer(reduce, null, () =>
    initialState(start ? { lesions: start.lesions, ...nudgesStill(start.nudges, placed) } : {}),
  );
  const [receipts, setReceipts] = useState<Receipts>(start?.receipts ?? {});
  const [kept, setKept] = useState(true);
  const [saving, setSaving] = useState(false);
  const latest = useRef(state.lesions);
  latest.current = state.lesions;
  const nudges = useMemo(() => draftNudges(state), [state.nudges, state.origins]);
  const moved = useRef(nudges);
  moved.current = nudges;

  const saver = useMemo(() => {
    const onChange = (next: Receipts) => {
      // Kept before anything is sent: a reload must find the id under which it went.
      setKept(
        keepDraft(localStorage, reader, studyId, {
          lesions: latest.current,
          nudges: moved.current,
          receipts: next,
          verdictId,
        }),
      );
      setReceipts(next);
    };
    const send = (step: Step) => transmit(step, studyId, round?.id ?? null);
    return new Saver(start?.receipts ?? {}, {
      send,
      newId: () => uuid(),
      onChange,
    });
  }, [start, verdictId, reader, studyId, round]);

  useEffect(() => {
    const draft = { lesions: state.lesions, nudges, receipts: saver.receipts, verdictId };
    setKept(keepDraft(localStorage, reader, studyId, draft));
  }, [state.lesions, nudges, saver, reader, studyId, verdictId]);

  useEffect(() => {
    const hurry = () => saver.hurry();
    window.addEventListener("online", hurry);
    return () => window.removeEventListener("online", hurry);
  }, [saver]);

  const save = useCallback(async () => {
    const lesions = latest.current;
    setSaving(true);
    saver.announce(lesions);
    try {
      if (round && lesions.some(({ replaces }) => replaces === null)) {
        await sayMissed(round, outbox, verdictId);
      }
      const done = await saver.save(lesions);
      if (done && lesions === latest.current && round) {
        dropDraft(localStorage, reader, studyId);
      }
      return done && lesions === latest.current;
    } finally {
      setSaving(false);
    }
  }, [saver, round, outbox, verdictId, reader, studyId]);

  // What an earlier visit sent without an answer is settled first.
  useEffect(() => {
    if (start && Object.values(start.receipts).some(({ pending, queued }) => pending || queued)) {
      void save();
    }
  }, [start, save]);

  return { state, receipts, kept, saving, dispatch, save };
}

/**
 * Says that no candidate hit, unless that is said already, and waits until the server knows: with "no
 * lesion" standing it would refuse what was drawn.
 */
async function sayMissed(round: ReviewStudy, outbox: Outbox, id: string): Promise<void> {
  await outbox.ready;
  const waiting = outbox.pending(round.id).some(({ body }) => body.verdict === "missed");
  if (round.study_verdict?.verdict !== "missed" && !waiting) {
    const said = { candidate: null, verdict: "missed", absent: [], undoes: null } as const;
    const state = open(round, eventsOf(outbox.pending(round.id)));
    outbox.add(reviewEntry(round.id, eventOf(state, said, id, id)));
  }
  await new Promise<void>((resolve) => {
    const check = () => {
      if (outbox.pending(round.id).length === 0) {
        stop();
        resolve();
      }
    };
    const stop = outbox.onChange(check);
    check();
  });
}

async function transmit(step: Step, studyId: string, roundStudyId: string | null): Promise<void> {
  if (step.kind === "delete") {
    await api.delete(`/lesions/${step.id}`);
  } else if (step.kind === "patch") {
    const { primary, lesion_class, absent_phases } = step.content;
    await api.patch(`/lesions/${step.id}`, { primary, lesion_class, absent_phases });
  } else {
    const { replaces, ...lesion } = step.post;
    const named = {
      ...lesion,
      ...(replaces ? { replaces } : {}),
      ...(roundStudyId ? { round_study: roundStudyId } : {}),
    };
    await api.post(`/studies/${studyId}/lesions`, named);
  }
}

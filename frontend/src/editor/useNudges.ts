/** How phases are moved: what the server knows, what is wanted here, and its way there. */

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { api } from "../api/client";
import { asApiError } from "../api/errors";
import type { PhaseNudge, StudyDetail } from "../api/types";
import { uuid } from "../api/uuid";
import type { Placed } from "../app/format";
import { setGuard } from "../app/router";
import { words } from "../app/words";
import { NO_OFFSET, sameOffset } from "../geometry/offset";
import type { Vec3 } from "../geometry/volume";
import { number, t } from "../i18n/t";
import type { Edition } from "../viewer/phaseVolume";
import { type EditorState, nudgesOf } from "./state";

/** What the server says of a phase. */
type Told = Pick<PhaseNudge, "revision" | "offset_mm" | "shown_mm" | "image_revision" | "state" | "flag">;

export interface Nudges {
  /** Which image of each phase is to be shown. */
  readonly editions: Readonly<Record<string, Edition>>;
  /** By phase how it is to lie in the end; a phase that nobody moved is absent. */
  readonly wanted: Readonly<Record<string, Vec3>>;
  readonly unsaved: readonly string[];
  /** What is to be known of where phases lie, as the server has it. */
  readonly placed: Placed;
  readonly saving: boolean;
  /** Asks what the server knows of a phase now. */
  readonly ask: (phase: string) => void;
  /** What there is to say once the server shows what is wanted; throws where it refuses. */
  readonly save: () => Promise<string>;
}

const POLL_MS = 500;
const TRIES = 6;
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export function useNudges(study: StudyDetail, state: EditorState): Nudges {
  const [told, setTold] = useState<Readonly<Record<string, Told>>>(() => fromStudy(study));
  const [saving, setSaving] = useState(false);
  const tell = useCallback(
    (phase: string, answer: Told) => setTold((old) => ({ ...old, [phase]: answer })),
    [],
  );
  const here = nudgesOf(state);

  const editions = useMemo(
    () =>
      Object.fromEntries(
        Object.entries(told).map(([phase, { image_revision, shown_mm }]) => [
          phase,
          { revision: image_revision, nudge: shown_mm },
        ]),
      ),
    [told],
  );
  const wanted = useMemo(() => {
    const known = Object.entries(told).map(([phase, { offset_mm }]) => [phase, offset_mm] as const);
    return { ...Object.fromEntries(known), ...here };
  }, [told, state.nudges, state.origins]);
  const placed = useMemo(() => placedOf(told), [told]);
  const unsaved = Object.keys(here).filter((phase) => !sameOffset(here[phase]!, told[phase]!.offset_mm));

  const latest = useRef({ told, wanted, unsaved });
  latest.current = { told, wanted, unsaved };

  const settled = useCallback(
    async (phase: string) => {
      for (;;) {
        const answer = await patiently(() => api.get<PhaseNudge>(address(study.id, phase)));
        tell(phase, answer);
        if (answer.state !== "pending") return answer;
        await wait(POLL_MS);
      }
    },
    [study.id, tell],
  );
  const ask = useCallback(
    (phase: string) => {
      // What cannot be asked now is asked by saving.
      settled(phase).catch(() => {});
    },
    [settled],
  );

  const save = useCallback(async () => {
    const { told, wanted, unsaved } = latest.current;
    setSaving(true);
    try {
      for (const phase of unsaved) {
        const body = { id: uuid(), offset_mm: wanted[phase], seen: told[phase]!.revision };
        try {
          tell(phase, await patiently(() => api.post<PhaseNudge>(address(study.id, phase), body)));
        } catch (problem) {
          // The next try is by somebody who has seen what was said meanwhile.
          if (asApiError(problem).code === "nudged_meanwhile") ask(phase);
          throw problem;
        }
      }
      const answers = await Promise.all(unsaved.map(settled));
      const failed = answers.find((answer) => answer.state === "failed");
      if (failed) {
        throw new Error(failed.error?.message ?? t("The image could not be made."));
      }
      return answers.map(outcomeText).join(" ");
    } finally {
      setSaving(false);
    }
  }, [study.id, tell, ask, settled]);

  useGuard(unsaved.length > 0);
  return { editions, wanted, unsaved, placed, saving, ask, save };
}

function fromStudy(study: StudyDetail): Record<string, Told> {
  return Object.fromEntries(
    study.series.map(({ phase, nudge_mm, image_revision }) => [
      phase,
      {
        revision: image_revision,
        offset_mm: nudge_mm ?? NO_OFFSET,
        shown_mm: nudge_mm ?? NO_OFFSET,
        image_revision,
        state: "shown" as const,
        flag: study.phase_flags[phase] ?? "",
      },
    ]),
  );
}

function placedOf(told: Readonly<Record<string, Told>>): Placed {
  const all = Object.entries(told);
  const moved = all.filter(([, { offset_mm }]) => !sameOffset(offset_mm, NO_OFFSET));
  return {
    phase_flags: Object.fromEntries(
      all.filter(([, { flag }]) => flag).map(([phase, { flag }]) => [phase, flag]),
    ),
    phase_nudges_mm: Object.fromEntries(moved.map(([phase, { offset_mm }]) => [phase, offset_mm])),
  };
}

const address = (study: string, phase: string) => `/studies/${study}/phases/${phase}/nudge`;

/** What became of a phase's likeness in the liver: "arterial: similarity 0.52, now 0.71." */
function outcomeText(answer: PhaseNudge): string {
  const { similarity_registered: before, similarity_shown: after, flag } = answer;
  const phase = words(answer.phase);
  const figures =
    before === null || after === null
      ? t("{phase}: stored.", { phase })
      : t("{phase}: similarity {before}, now {after}.", {
          phase,
          before: number(before, 2),
          after: number(after, 2),
        });
  return flag ? `${figures} ${t("It is {flag}.", { flag })}` : figures;
}

/** The answer, asking again where the way to the server failed. */
async function patiently<T>(request: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await request();
    } catch (problem) {
      if (!asApiError(problem).retryable || attempt + 1 >= TRIES) throw problem;
      await wait(1000 * 2 ** attempt);
    }
  }
}

/** A move that is not saved is a draft in this browser, and others see the phase as it lay: one is asked. */
function useGuard(unsaved: boolean): void {
  useEffect(() => {
    if (!unsaved) return;
    const leave = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", leave);
    setGuard(() =>
      window.confirm(t("A phase was moved and is not saved: it stays a draft in this browser. Leave it so?")),
    );
    return () => {
      window.removeEventListener("beforeunload", leave);
      setGuard(null);
    };
  }, [unsaved]);
}

/** The screen of one study: candidates by phases, the rail beside them, the footer below. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { HarvestRound, Id, ReviewStudy, WindowName } from "../api/types";
import { placeWords } from "../app/format";
import { Link } from "../app/router";
import { useSession } from "../app/session";
import { words } from "../app/words";
import { rich } from "../i18n/rich";
import { t } from "../i18n/t";
import { PRESET_LABELS, PRESET_NAMES } from "../viewer/windows";
import { ConflictPanel } from "./Conflicts";
import type { ActiveClock } from "./clock";
import { conflictOf } from "./conflicts";
import { columns } from "./crop";
import { Footer } from "./Footer";
import { type Action, actionOf, belongsToTarget } from "./keys";
import type { Outbox } from "./outbox";
import { Rail } from "./Rail";
import { type Deeds, Row } from "./Row";
import { absentIn, type ReviewEvent, type ReviewState, verdictOn } from "./state";
import { useKeys } from "./useKeys";
import { useReading } from "./useReading";
import { WholeSlice } from "./WholeSlice";

interface Props {
  study: ReviewStudy;
  waiting: ReviewEvent[];
  outbox: Outbox;
  clock: ActiveClock;
  window: WindowName;
  reviewed: number;
  remaining: number;
  round: HarvestRound | null;
  /** Whether there is a study before this one to go back to. */
  back: boolean;
  /** A dialog above the page takes the keys. */
  covered: boolean;
  onWindow: (window: WindowName) => void;
  onHelp: () => void;
  onDone: (state: ReviewState) => void;
  onBack: () => void;
  /** What is looked at: the candidate by its place, and its offset from the key slice. */
  onLook: (current: number, offset: number, whole: boolean) => void;
}

/** Held down, these go on; every other key counts once however long it is held. */
const REPEATING: ReadonlySet<Action> = new Set([
  "slice_up",
  "slice_down",
  "next_candidate",
  "previous_candidate",
]);

export function Grid(props: Props) {
  const { study, outbox, clock, window: shown } = props;
  const { expired } = useSession();
  const { bindings, keyFor } = useKeys();
  const [bare, setBare] = useState(false);
  const [whole, setWhole] = useState(false);
  const reading = useReading({ ...props, onWhole: () => setWhole((shown) => !shown) });
  const { state } = reading;
  const current = study.candidates[state.current];
  const offset = current ? (state.offsets[current.id] ?? 0) : 0;
  useEffect(() => props.onLook(state.current, offset, whole), [state.current, offset, whole]);

  const onKey = useRef<(event: KeyboardEvent) => void>(() => {});
  onKey.current = (event) => {
    if (expired || props.covered || event.defaultPrevented || belongsToTarget(event.target, event.key))
      return;
    if (event.key === "Escape" && whole) return setWhole(false);
    const action = actionOf(event, bindings);
    if (!action) return;
    event.preventDefault();
    clock.touch();
    if (action === "hide_overlay") setBare(true);
    else if (!event.repeat || REPEATING.has(action)) reading.act(action);
  };
  useEffect(() => {
    const down = (event: KeyboardEvent) => onKey.current(event);
    const up = () => setBare(false);
    window.addEventListener("keydown", down);
    window.addEventListener("keyup", up);
    return () => {
      window.removeEventListener("keydown", down);
      window.removeEventListener("keyup", up);
    };
  }, []);

  const latest = useRef({ study, reading, shown: current });
  latest.current = { study, reading, shown: whole ? current : undefined };
  const deeds = useMemo((): Deeds => {
    const place = (id: Id) => latest.current.study.candidates.findIndex((one) => one.id === id);
    return {
      select: (candidate) => latest.current.reading.select(place(candidate)),
      point: (phase) => latest.current.reading.point(phase),
      notVisible: (candidate, phase) => latest.current.reading.notVisible(candidate, phase),
      whole: (candidate, shown) => {
        if (shown) latest.current.reading.select(place(candidate));
        setWhole(shown);
      },
      // Under the whole slice lies whichever row; what is seen is what turns.
      scrub: (candidate, by) => latest.current.reading.scrub(latest.current.shown?.id ?? candidate, by),
      judge: (candidate, verdict) => latest.current.reading.judge(verdict, place(candidate)),
    };
  }, []);

  const shownColumns = columns(study.study.phases);
  const conflict = outbox.conflicts[0];
  return (
    <div class={`review ${bare ? "bare" : ""}`} data-testid="review" data-round-study={study.id}>
      <h1 class="unseen">{t("Review")}</h1>
      <div class="grid">
        <div class="phases">
          <fieldset class="windows" aria-label={t("Window")}>
            {PRESET_NAMES.map((name, i) => (
              <button
                key={name}
                type="button"
                class={name === shown ? "on" : ""}
                aria-pressed={name === shown}
                title={`${PRESET_LABELS[name]} (${keyFor(`window:${name}`)})`}
                data-testid={`window-${name}`}
                onMouseDown={(event) => event.preventDefault()}
                onClick={() => props.onWindow(name)}
              >
                {PRESET_LABELS[name]} <kbd>{i + 1}</kbd>
              </button>
            ))}
          </fieldset>
          <div class="heads">
            {shownColumns.map((phase) => (
              <h2
                key={phase}
                class={study.study.phases.includes(phase) ? "" : "absent"}
                data-testid={`head-${phase}`}
              >
                {words(phase)}
                <Place study={study} phase={phase} />
              </h2>
            ))}
          </div>
        </div>
        {study.candidates.map((candidate, index) => (
          <Row
            key={candidate.id}
            candidate={candidate}
            study={study.study}
            columns={shownColumns}
            window={shown}
            offset={state.offsets[candidate.id] ?? 0}
            current={index === state.current}
            verdict={verdictOn(state, candidate.id)}
            absent={absentIn(state, candidate.id)}
            phase={state.phase}
            deeds={deeds}
          />
        ))}
        {!study.candidates.length && (
          <div class="empty" data-testid="no-candidates">
            <p>
              {study.from_scratch
                ? t(
                    "This study is read from scratch: no candidate is shown. Draw every lesion in it, or say that it has none.",
                  )
                : t("No candidate in this study scored high enough to be shown.")}
            </p>
            <p>
              {rich(
                t(
                  "{no} the study has no lesion, {missed} it has one, {draw} look at the whole study and draw it.",
                ),
                {
                  no: <kbd>{keyFor("no_lesion")}</kbd>,
                  missed: <kbd>{keyFor("missed")}</kbd>,
                  draw: <kbd>{keyFor("draw")}</kbd>,
                },
              )}
            </p>
          </div>
        )}
      </div>
      <Rail
        state={state}
        reviewed={props.reviewed}
        remaining={props.remaining}
        clock={clock}
        round={props.round}
      />
      {whole && current && (
        <WholeSlice
          candidate={current}
          study={study.study}
          columns={shownColumns}
          window={shown}
          offset={offset}
          absent={absentIn(state, current.id)}
        />
      )}
      {conflict && (
        <ConflictPanel
          conflict={conflictOf(conflict)}
          more={outbox.conflicts.length - 1}
          state={state}
          onAction={reading.act}
        />
      )}
      <Footer state={state} outbox={outbox} back={props.back} onAction={reading.act} />
    </div>
  );
}

/** What is to be known of where a phase lies, and the way to put it right. */
function Place({ study, phase }: { study: ReviewStudy; phase: string }) {
  const said = placeWords(phase, study.study);
  if (!said) return null;
  return (
    <span class={study.study.phase_flags[phase] ? "place doubt" : "place"}>
      {said}
      {phase !== study.study.reference_phase && (
        <Link
          href={`/studies/${study.study.id}/draw?round_study=${study.id}&nudge=${phase}`}
          title={t("Move the {phase} phase by hand", { phase: words(phase) })}
          data-testid={`nudge-${phase}`}
        >
          {t("move")}
        </Link>
      )}
    </span>
  );
}

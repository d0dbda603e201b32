/** The box editor: three planes of a phase, or all phases side by side, of one study and linked. */

import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { api } from "../api/client";
import { asApiError } from "../api/errors";
import type { ReviewStudy, StudyDetail } from "../api/types";
import { phaseWords, told } from "../app/format";
import { setGuard } from "../app/router";
import { words } from "../app/words";
import { addOffsets, NO_OFFSET } from "../geometry/offset";
import { PLANES, type Plane } from "../geometry/planes";
import type { Vec3 } from "../geometry/volume";
import { t } from "../i18n/t";
import type { Outbox } from "../review/outbox";
import { useActivity } from "../review/useActivity";
import type { Chunk } from "../viewer/chunks";
import type { PhaseVolume } from "../viewer/phaseVolume";
import { useVolumes } from "../viewer/useVolumes";
import { EditorBar } from "./EditorBar";
import { EditorFooter } from "./EditorFooter";
import { EditorTools } from "./EditorTools";
import { EditorView } from "./EditorView";
import { LesionList } from "./LesionList";
import { existingLesions, judgedOf, referencesOf } from "./references";
import { NO_RECEIPT, statusOf } from "./saving";
import { selectedLesion } from "./state";
import { useDrawing } from "./useDrawing";
import { useEditor } from "./useEditor";
import { useNudges } from "./useNudges";
import { useTables } from "./useTables";

interface Props {
  readonly study: StudyDetail;
  readonly round: ReviewStudy | null;
  /** The phase that one comes to move. */
  readonly nudge: string | null;
  readonly reader: string;
  readonly outbox: Outbox;
  /** Back to the review; null where one did not come from there. */
  readonly onDone: (() => void) | null;
}

const explain = (error: unknown) => {
  const { message, retryable, signedOut } = asApiError(error);
  return { message, retry: retryable || signedOut };
};

export function Editor({ study, round, nudge, reader, outbox, onDone }: Props) {
  const { geometry, phases } = study;
  useActivity(round?.id ?? null, "draw");
  const placed = useMemo(
    () => Object.fromEntries(study.series.map(({ phase, nudge_mm }) => [phase, nudge_mm ?? NO_OFFSET])),
    [study],
  );
  const drawing = useDrawing({ studyId: study.id, round, reader, outbox, placed });
  const { state, receipts } = drawing;
  const [note, setNote] = useState({ text: "", error: false });
  const [explained, setExplained] = useState<string | null>(null);

  const existing = useMemo(
    () => existingLesions(study.lesions, state.lesions, receipts),
    [study.lesions, state.lesions, receipts],
  );
  const candidates = round?.candidates ?? [];
  const references = useMemo(() => referencesOf(existing, candidates), [existing, candidates]);
  const judged = useMemo(() => judgedOf(existing, explained), [existing, explained]);
  const nudges = useNudges(study, state);
  const drawn = unsavedCount(drawing);
  const moved = nudges.unsaved.length;
  const unsaved = drawn + moved;

  const { save } = drawing;
  const saveNudges = nudges.save;
  const onSave = useCallback(async () => {
    if (unsaved === 0) {
      setNote({ text: t("There is nothing to save."), error: false });
      return;
    }
    if (drawn > 0) {
      setNote({ text: t("Saving; kept in this browser until it is stored."), error: false });
      if (!(await save())) {
        setNote({ text: t("Not everything is stored; the list says what is not."), error: true });
        return;
      }
    }
    let outcome = "Stored.";
    if (moved > 0) {
      setNote({ text: t("Making the moved phase anew from its original …"), error: false });
      try {
        outcome = await saveNudges();
      } catch (problem) {
        setNote({ text: asApiError(problem).message, error: true });
        return;
      }
    }
    setNote({ text: outcome, error: false });
    if (round && onDone) {
      setGuard(null);
      onDone();
    }
  }, [unsaved, drawn, moved, save, saveNudges, round, onDone]);
  const onNote = useCallback((text: string) => setNote({ text, error: false }), []);

  const editing = useEditor({
    geometry,
    phases,
    phase: [nudge ?? "", study.reference_phase].find((phase) => phases.includes(phase)) ?? phases[0] ?? "",
    drawing,
    hasPrimary: existing.some(({ primary }) => primary),
    reference: study.reference_phase,
    wanted: nudges.wanted,
    nudging: nudge !== null,
    onSave,
    onNote,
  });
  const { look, points, hidden, events, nudging, comparing } = editing;
  const { ask } = nudges;
  useEffect(() => {
    if (nudging) ask(look.phase);
  }, [nudging, look.phase, ask]);

  const middle = Math.floor(geometry.shape_zyx[0] / 2);
  const fetchSlices = useCallback(
    ({ phase, edition: { revision } }: PhaseVolume, { first, count }: Chunk, signal: AbortSignal) =>
      api.bytes(`/studies/${study.id}/volumes/${phase}`, { query: { first, count, revision }, signal }),
    [study.id],
  );
  const reference = study.reference_phase;
  const shown = look.layout === "phases" ? phases : [look.phase, ...(nudging ? [reference] : [])];
  const { editions } = nudges;
  const volumes = useVolumes({
    geometry,
    editions,
    shown,
    middle,
    slice: look.cursor[2],
    upright: look.layout === "planes",
    fetchSlices,
    explain,
  });
  const tables = useTables(look.preset, middle);
  const current = volumes.get(look.phase);

  const box = selectedLesion(state)?.box ?? state.lesions.at(-1)?.box ?? null;
  // As it is stored: names that change with every step would push what is beside them about.
  const phaseText = (phase: string) => phaseWords(phase, nudges.placed);
  const view = (name: string, phase: string, plane: Plane, label: string) => {
    const volume = volumes.get(comparing ? reference : phase);
    const movable = nudging && !comparing && phase !== reference;
    return (
      volume && (
        <EditorView
          key={name}
          view={name}
          label={
            comparing && plane === "axial" ? t("{phase}, reference", { phase: words(reference) }) : label
          }
          geometry={geometry}
          volume={volume}
          shift={shiftOf(volume, nudges.wanted)}
          nudged={movable ? phase : null}
          plane={plane}
          look={look}
          table={tables.tableOf(volume)}
          lesions={state.lesions}
          selected={state.selected}
          references={references}
          points={points}
          judged={judged}
          hidden={hidden}
          events={events}
        />
      )
    );
  };

  return (
    <div class="editor" data-testid="editor">
      <EditorBar
        // In a round as its grid names it: by its number a reader would know hidden cases that came in one go.
        title={
          round
            ? t("Study of {subject}", { subject: study.subject.slice(0, 10) })
            : t("Study {number}", { number: study.ordinal })
        }
        subtitle={[
          ...(round ? [] : [study.subject]),
          study.lesion_class ? words(study.lesion_class) : t("no class given"),
        ].join(", ")}
        look={look}
        phases={phases}
        told={Object.fromEntries(study.series.map((series) => [series.phase, told(series)]))}
        placed={nudges.placed}
        own={current ? tables.ownOf(current) : null}
        box={box}
        saving={drawing.saving || nudges.saving}
        unsaved={unsaved}
        onPhase={editing.setPhase}
        onAction={editing.act}
        onBack={onDone ?? (() => history.back())}
      />
      <div class={`editor__views editor__views--${look.layout}`}>
        {look.layout === "planes"
          ? PLANES.map((plane) =>
              view(
                plane,
                look.phase,
                plane,
                plane === "axial" ? `${phaseText(look.phase)}, ${words(plane)}` : words(plane),
              ),
            )
          : phases.map((phase) => view(`axial-${phase}`, phase, "axial", phaseText(phase)))}
      </div>
      <LesionList
        lesions={state.lesions}
        selected={state.selected}
        drawing={!nudging}
        receipts={receipts}
        phases={phases}
        studyClass={study.lesion_class}
        existing={existing}
        candidates={candidates}
        tools={
          <EditorTools
            extremes={points !== null}
            nudging={nudging}
            canUndo={state.past.length > 0}
            canRedo={state.future.length > 0}
            onAction={editing.act}
          />
        }
        onSelect={(key) => {
          drawing.dispatch({ type: "select", key });
          const lesion = state.lesions.find((one) => one.key === key);
          if (lesion) editing.show(lesion.box);
        }}
        onChange={(key, change) => drawing.dispatch({ type: "change", key, change })}
        onRemove={(key) => drawing.dispatch({ type: "remove", key })}
        onShow={editing.show}
        explained={explained}
        onExplain={setExplained}
        onSlice={(slice) => events.onGoTo("axial", slice)}
        onCopy={editing.copy}
      />
      <EditorFooter
        note={
          drawing.kept
            ? note.text
            : t(
                "This browser does not keep drafts. Save before you leave the page, or what is drawn is lost.",
              )
        }
        noteIsError={note.error || !drawing.kept}
        points={points?.length ?? null}
        selected={state.selected !== null}
        nudge={
          nudging
            ? {
                phase: look.phase,
                offset: look.phase === reference ? null : (nudges.wanted[look.phase] ?? NO_OFFSET),
              }
            : null
        }
        help={editing.help}
        onHelp={() => editing.act("help")}
      />
    </div>
  );
}

/** How far a volume is still to be moved on the screen: its image shows a part of the way already. */
function shiftOf({ phase, edition }: PhaseVolume, wanted: Readonly<Record<string, Vec3>>): Vec3 {
  const [x, y, z] = edition.nudge;
  return addOffsets(wanted[phase] ?? NO_OFFSET, [-x, -y, -z]);
}

/** Lesions that the server does not hold as they are shown, those removed since among them. */
function unsavedCount({ state, receipts }: ReturnType<typeof useDrawing>): number {
  const drawn = state.lesions.filter(
    (lesion) => statusOf(receipts[lesion.key] ?? NO_RECEIPT, lesion) !== "stored",
  );
  const keys = new Set(state.lesions.map(({ key }) => key));
  const removed = Object.entries(receipts).filter(
    ([key, { stored, pending }]) => !keys.has(key) && (stored || pending),
  );
  return drawn.length + removed.length;
}

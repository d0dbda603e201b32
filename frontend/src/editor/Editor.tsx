/** The box editor: three planes of a phase, or all phases side by side, of one study and linked. */

import { useCallback, useMemo, useState } from "preact/hooks";
import { api } from "../api/client";
import { asApiError } from "../api/errors";
import type { ReviewStudy, StudyDetail } from "../api/types";
import { phaseWords, told, words } from "../app/format";
import { PLANES, type Plane } from "../geometry/planes";
import type { Outbox } from "../review/outbox";
import type { Chunk } from "../viewer/chunks";
import { useVolumes } from "../viewer/useVolumes";
import { EditorBar } from "./EditorBar";
import { EditorFooter } from "./EditorFooter";
import { EditorTools } from "./EditorTools";
import { EditorView } from "./EditorView";
import { LesionList } from "./LesionList";
import { existingLesions, referencesOf } from "./references";
import { NO_RECEIPT, statusOf } from "./saving";
import { selectedLesion } from "./state";
import { useClock } from "./useClock";
import { useDrawing } from "./useDrawing";
import { useEditor } from "./useEditor";
import { useTables } from "./useTables";

interface Props {
  readonly study: StudyDetail;
  readonly round: ReviewStudy | null;
  readonly reader: string;
  readonly outbox: Outbox;
  /** Back to the review; null where one did not come from there. */
  readonly onDone: (() => void) | null;
}

const explain = (error: unknown) => {
  const { message, retryable, signedOut } = asApiError(error);
  return { message, retry: retryable || signedOut };
};

export function Editor({ study, round, reader, outbox, onDone }: Props) {
  const { geometry, phases } = study;
  const clock = useClock();
  const drawing = useDrawing({ studyId: study.id, round, reader, outbox, clock });
  const { state, receipts } = drawing;
  const [note, setNote] = useState({ text: "", error: false });

  const existing = useMemo(
    () => existingLesions(study.lesions, state.lesions, receipts),
    [study.lesions, state.lesions, receipts],
  );
  const candidates = round?.candidates ?? [];
  const references = useMemo(() => referencesOf(existing, candidates), [existing, candidates]);
  const unsaved = unsavedCount(drawing);

  const { save } = drawing;
  const onSave = useCallback(async () => {
    if (unsaved === 0) {
      setNote({ text: "There is nothing to save.", error: false });
      return;
    }
    setNote({ text: "Saving; kept in this browser until it is stored.", error: false });
    const done = await save();
    setNote(
      done
        ? { text: "Stored.", error: false }
        : { text: "Not everything is stored; the list says what is not.", error: true },
    );
    if (done && round && onDone) {
      onDone();
    }
  }, [unsaved, save, round, onDone]);

  const editing = useEditor({
    geometry,
    phases,
    phase: phases.includes(study.reference_phase) ? study.reference_phase : (phases[0] ?? ""),
    drawing,
    hasPrimary: existing.some(({ primary }) => primary),
    onSave,
  });
  const { look, points, hidden, events } = editing;

  const middle = Math.floor(geometry.shape_zyx[0] / 2);
  const fetchSlices = useCallback(
    (phase: string, { first, count }: Chunk, signal: AbortSignal) =>
      api.bytes(`/studies/${study.id}/volumes/${phase}`, { query: { first, count }, signal }),
    [study.id],
  );
  const shown = look.layout === "phases" ? phases : [look.phase];
  const volumes = useVolumes(geometry, phases, shown, middle, fetchSlices, explain);
  const tables = useTables(look.preset, middle);
  const current = volumes.get(look.phase);

  const box = selectedLesion(state)?.box ?? state.lesions.at(-1)?.box ?? null;
  const view = (name: string, phase: string, plane: Plane, label: string) => {
    const volume = volumes.get(phase);
    return (
      volume && (
        <EditorView
          key={name}
          view={name}
          label={label}
          geometry={geometry}
          volume={volume}
          plane={plane}
          look={look}
          table={tables.tableOf(volume)}
          lesions={state.lesions}
          selected={state.selected}
          references={references}
          points={points}
          hidden={hidden}
          events={events}
        />
      )
    );
  };

  return (
    <div class="editor" data-testid="editor">
      <EditorBar
        title={`Study ${study.ordinal}`}
        subtitle={[study.subject, study.lesion_class ? words(study.lesion_class) : "no class given"].join(
          ", ",
        )}
        look={look}
        phases={phases}
        told={Object.fromEntries(study.series.map((series) => [series.phase, told(series)]))}
        flags={study.phase_flags}
        own={current ? tables.ownOf(current) : null}
        box={box}
        saving={drawing.saving}
        unsaved={unsaved}
        onPhase={editing.setPhase}
        onAction={editing.act}
        onBack={onDone ?? (() => history.back())}
      />
      <div class={`editor__views editor__views--${look.layout}`}>
        {look.layout === "planes"
          ? PLANES.map((plane) =>
              view(plane, look.phase, plane, plane === "axial" ? `${words(look.phase)}, axial` : plane),
            )
          : phases.map((phase) =>
              view(`axial-${phase}`, phase, "axial", phaseWords(phase, study.phase_flags)),
            )}
      </div>
      <LesionList
        lesions={state.lesions}
        selected={state.selected}
        receipts={receipts}
        phases={phases}
        studyClass={study.lesion_class}
        existing={existing}
        candidates={candidates}
        tools={
          <EditorTools
            extremes={points !== null}
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
        onCopy={editing.copy}
      />
      <EditorFooter
        note={
          drawing.kept
            ? note.text
            : "This browser does not keep drafts. Save before you leave the page, or what is drawn is lost."
        }
        noteIsError={note.error || !drawing.kept}
        points={points?.length ?? null}
        selected={state.selected !== null}
        help={editing.help}
        onHelp={() => editing.act("help")}
      />
    </div>
  );
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

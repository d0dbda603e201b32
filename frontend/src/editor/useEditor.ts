/** What keys and pointers do in the editor: where one looks, and what becomes of the boxes. */

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { uuid } from "../api/uuid";
import { type Box, boxCentre, boxFromPoints, extentOf, snapBox } from "../geometry/box";
import { addOffsets, NO_OFFSET, roundOffset } from "../geometry/offset";
import { LAYOUTS } from "../geometry/planes";
import { pointFromVoxel, type Vec3, type VolumeGeometry, voxelFromPoint, withAxis } from "../geometry/volume";
import { t } from "../i18n/t";
import { belongsToTarget } from "../review/keys";
import type { PresetName } from "../viewer/windows";
import type { ViewEvents } from "./EditorView";
import { endedOnSlice, nudged, nudgeStep, resized } from "./gestures";
import { arrowOf, type EditorAction, editorAction, type NudgeKey, nudgeKeyOf } from "./keys";
import { initialLook, type Look, lookedAt, scrolled, zoomed } from "./look";
import { type DrawnLesion, selectedLesion } from "./state";
import type { Drawing } from "./useDrawing";

interface Setting {
  readonly geometry: VolumeGeometry;
  readonly phases: readonly string[];
  readonly phase: string;
  readonly drawing: Drawing;
  /** Whether the study has a primary lesion that is not drawn here. */
  readonly hasPrimary: boolean;
  /** The phase that the others are laid onto, which is never moved. */
  readonly reference: string;
  /** By phase how it is to lie (mm). */
  readonly wanted: Readonly<Record<string, Vec3>>;
  /** Whether one comes to move the phase. */
  readonly nudging: boolean;
  readonly onSave: () => void;
  readonly onNote: (text: string) => void;
}

export interface Editing {
  readonly look: Look;
  /** Extreme points clicked so far; null while boxes are drawn by dragging. */
  readonly points: readonly Vec3[] | null;
  readonly hidden: boolean;
  readonly help: boolean;
  /** Whether keys and drags move the phase instead of boxes. */
  readonly nudging: boolean;
  /** Whether the reference is shown in place of the phase. */
  readonly comparing: boolean;
  readonly events: ViewEvents;
  readonly act: (action: EditorAction) => void;
  readonly setPhase: (phase: string) => void;
  readonly show: (box: Box) => void;
  readonly copy: (box: Box, from: Partial<DrawnLesion>) => void;
}

/** The box that six extreme points, two an axis, bound. */
const EXTREME_POINTS = 6;

export function useEditor(setting: Setting): Editing {
  const { geometry, phases, drawing } = setting;
  const [look, setLook] = useState<Look>(() => initialLook(geometry, setting.phase));
  const [points, setPoints] = useState<readonly Vec3[] | null>(null);
  const [hidden, setHidden] = useState(false);
  const [help, setHelp] = useState(false);
  const [nudging, setNudging] = useState(setting.nudging && setting.phase !== setting.reference);
  const [comparing, setComparing] = useState(false);
  const nudgeStart = useRef<{ gesture: string; offset: Vec3 } | null>(null);
  const drawingKey = useRef<{ gesture: string; key: string } | null>(null);
  // Handlers live as long as the editor and always see what is newest.
  const latest = useRef({ look, points, drawing, setting, nudging });
  latest.current = { look, points, drawing, setting, nudging };

  const nudgeTo = useCallback((phase: string, offset: Vec3, gesture?: string) => {
    const { drawing, setting } = latest.current;
    if (phase === setting.reference) return;
    const from = setting.wanted[phase] ?? NO_OFFSET;
    const move = { type: "nudge", phase, offset, from } as const;
    drawing.dispatch(gesture ? { ...move, gesture } : move);
  }, []);

  const nudgeBy = useCallback(
    (key: NudgeKey, fine: boolean) => {
      const { look, setting } = latest.current;
      const by = nudgeStep(geometry, look.plane, key, fine);
      const offset = addOffsets(setting.wanted[look.phase] ?? NO_OFFSET, by);
      nudgeTo(look.phase, offset, `${key} ${fine} ${look.phase}`);
    },
    [geometry, nudgeTo],
  );

  const add = useCallback((box: Box, from: Partial<DrawnLesion> = {}, gesture?: string) => {
    const { drawing, setting } = latest.current;
    const primary = !setting.hasPrimary && drawing.state.lesions.every((lesion) => !lesion.primary);
    const blank = { primary, lesion_class: "", absent_phases: [], replaces: null };
    const lesion: DrawnLesion = { ...blank, ...from, key: uuid(), box };
    drawing.dispatch(gesture ? { type: "add", lesion, gesture } : { type: "add", lesion });
    return lesion.key;
  }, []);

  const show = useCallback((box: Box) => setLook((old) => lookedAt(old, geometry, box)), [geometry]);

  const finish = useCallback(
    (all: readonly Vec3[]) => {
      const box = boxFromPoints(geometry, all);
      add(box);
      setPoints(null);
      show(box);
    },
    [geometry, add, show],
  );

  const events = useMemo<ViewEvents>(
    () => ({
      onActivate: (plane) => setLook((old) => (old.plane === plane ? old : { ...old, plane })),
      onScroll: (plane, steps) => setLook((old) => scrolled(old, geometry, plane, steps)),
      onZoom: (centre, anchor, factor) => setLook((old) => zoomed(old, centre, anchor, factor)),
      onPan: (centre) => setLook((old) => ({ ...old, centre })),
      onPick: (point, key) => {
        setLook((old) => ({ ...old, cursor: voxelFromPoint(geometry, point) }));
        latest.current.drawing.dispatch({ type: "select", key });
      },
      onGoTo: (plane, voxel) =>
        setLook((old) => ({ ...old, cursor: withAxis(old.cursor, LAYOUTS[plane].normal, voxel) })),
      onExtreme: (point) => {
        const all = [...(latest.current.points ?? []), point];
        setLook((old) => ({ ...old, cursor: voxelFromPoint(geometry, point) }));
        if (all.length >= EXTREME_POINTS) {
          finish(all);
        } else {
          setPoints(all);
        }
      },
      onDrag: (key, box, gesture) => {
        const { drawing } = latest.current;
        const drawn = drawingKey.current?.gesture === gesture ? drawingKey.current.key : null;
        const target = key ?? drawn;
        if (target) {
          drawing.dispatch({ type: "change", key: target, change: { box }, gesture });
        } else {
          drawingKey.current = { gesture, key: add(box, {}, gesture) };
        }
      },
      onNudge: (phase, by, gesture) => {
        const { setting } = latest.current;
        if (nudgeStart.current?.gesture !== gesture) {
          nudgeStart.current = { gesture, offset: setting.wanted[phase] ?? NO_OFFSET };
          setLook((old) => (old.phase === phase ? old : { ...old, phase }));
        }
        // A hand is not finer than a tenth of a millimetre.
        const offset = addOffsets(nudgeStart.current.offset, roundOffset(by, 1));
        nudgeTo(phase, offset, gesture);
      },
      onDragEnd: (drawn) => {
        const { drawing } = latest.current;
        drawing.dispatch({ type: "endGesture" });
        const lesion = drawing.state.lesions.find(({ key }) => key === drawingKey.current?.key);
        if (drawn && lesion) {
          const cursor = voxelFromPoint(geometry, boxCentre(lesion.box));
          setLook((old) => ({ ...old, cursor }));
        }
        drawingKey.current = null;
      },
    }),
    [geometry, add, finish, nudgeTo],
  );

  const act = useCallback(
    (action: EditorAction) => {
      const { look, points, drawing, setting, nudging } = latest.current;
      const lesion = selectedLesion(drawing.state);
      const changeBox = (box: Box) =>
        lesion && drawing.dispatch({ type: "change", key: lesion.key, change: { box } });
      const zoomBy = (factor: number) =>
        setLook((old) => {
          const shown = old.zoom > 1 ? old.centre : boxCentre(extentOf(geometry));
          const cursor = pointFromVoxel(geometry, old.cursor);
          return { ...zoomed(old, shown, cursor, factor), centre: cursor };
        });
      const phaseBy = (by: number) => {
        const next = (phases.indexOf(look.phase) + by + phases.length) % phases.length;
        setLook((old) => ({ ...old, phase: phases[next] ?? old.phase }));
      };
      if (nudging && (action === "delete" || action === "back")) {
        return nudgeTo(look.phase, NO_OFFSET);
      }
      if (nudging && action === "cancel") {
        return setNudging(false);
      }
      if (action.startsWith("window:")) {
        const preset = action.slice("window:".length) as PresetName;
        setLook((old) => ({ ...old, preset }));
        return;
      }
      switch (action) {
        case "extremes":
          return setPoints(points === null ? [] : null);
        case "finish":
          return points && points.length >= 2 ? finish(points) : undefined;
        case "cancel":
          return points === null ? drawing.dispatch({ type: "select", key: null }) : setPoints(null);
        case "back":
          if (points !== null) return setPoints(points.slice(0, -1));
          return lesion ? drawing.dispatch({ type: "remove", key: lesion.key }) : undefined;
        case "delete":
          return lesion ? drawing.dispatch({ type: "remove", key: lesion.key }) : undefined;
        case "undo":
        case "redo":
          return drawing.dispatch({ type: action });
        case "save":
          return setting.onSave();
        case "next_phase":
          return phaseBy(1);
        case "previous_phase":
          return phaseBy(-1);
        case "layout":
          return setLook((old) => ({
            ...old,
            plane: "axial",
            layout: old.layout === "planes" ? "phases" : "planes",
          }));
        case "slice_up":
          return setLook((old) => scrolled(old, geometry, old.plane, -1));
        case "slice_down":
          return setLook((old) => scrolled(old, geometry, old.plane, 1));
        case "end_head":
        case "end_feet": {
          const end = action === "end_head" ? "head" : "feet";
          return lesion ? changeBox(endedOnSlice(geometry, lesion.box, end, look.cursor[2])) : undefined;
        }
        case "next_lesion": {
          const { lesions, selected } = drawing.state;
          const next = lesions[(lesions.findIndex(({ key }) => key === selected) + 1) % lesions.length];
          if (next) {
            drawing.dispatch({ type: "select", key: next.key });
            show(next.box);
          }
          return;
        }
        case "zoom_in":
          return zoomBy(1.25);
        case "zoom_out":
          return zoomBy(0.8);
        case "fit":
          return setLook((old) => ({ ...old, zoom: 1 }));
        case "smooth":
          return setLook((old) => ({ ...old, smooth: !old.smooth }));
        case "nudge":
          if (!nudging && look.phase === setting.reference) {
            return setting.onNote(
              t("This is the reference: the others are laid onto it. Choose another phase."),
            );
          }
          setPoints(null);
          drawing.dispatch({ type: "select", key: null });
          return setNudging(!nudging);
        case "compare":
          return setComparing(true);
        case "help":
          return setHelp((open) => !open);
        case "hide":
          return setHidden(true);
      }
    },
    [geometry, phases, finish, show, nudgeTo],
  );

  useEffect(() => {
    const down = (event: KeyboardEvent) => {
      if (belongsToTarget(event.target, event.key)) {
        return;
      }
      const nudge = latest.current.nudging ? nudgeKeyOf(event) : null;
      if (nudge) {
        event.preventDefault();
        return nudgeBy(nudge.key, nudge.fine);
      }
      const arrow = arrowOf(event);
      const action = arrow ? null : editorAction(event);
      if (!arrow && !action) {
        return;
      }
      event.preventDefault();
      if (action) {
        return act(action);
      }
      const { look, drawing } = latest.current;
      const lesion = selectedLesion(drawing.state);
      if (arrow && lesion) {
        const change = arrow.shift ? resized : nudged;
        const box = change(geometry, lesion.box, look.plane, arrow.arrow);
        const gesture = `${arrow.arrow} ${arrow.shift} ${lesion.key}`;
        drawing.dispatch({ type: "change", key: lesion.key, change: { box }, gesture });
      } else if (arrow && !arrow.shift) {
        const back = arrow.arrow === "ArrowUp" || arrow.arrow === "ArrowLeft";
        setLook((old) => scrolled(old, geometry, old.plane, back ? -1 : 1));
      }
    };
    const up = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === "h") {
        setHidden(false);
      }
      if (event.key.toLowerCase() === "f") {
        setComparing(false);
      }
      // A key held is one step of undo, pressed again it is the next.
      if (nudgeKeyOf(event)) {
        latest.current.drawing.dispatch({ type: "endGesture" });
      }
    };
    const away = () => {
      setHidden(false);
      setComparing(false);
    };
    window.addEventListener("keydown", down);
    window.addEventListener("keyup", up);
    window.addEventListener("blur", away);
    return () => {
      window.removeEventListener("keydown", down);
      window.removeEventListener("keyup", up);
      window.removeEventListener("blur", away);
    };
  }, [geometry, act, nudgeBy]);

  const setPhase = useCallback(
    (phase: string) => setLook((old) => ({ ...old, phase, layout: "planes" })),
    [],
  );
  const copy = useCallback(
    (box: Box, from: Partial<DrawnLesion>) => {
      const snapped = snapBox(geometry, box);
      add(snapped, from);
      show(snapped);
    },
    [geometry, add, show],
  );
  return { look, points, hidden, help, nudging, comparing, events, act, setPhase, show, copy };
}

/** One view of the editor: turns the pointer's doings into changes of boxes and of where one looks. */

import { useMemo, useRef } from "preact/hooks";
import type { Box } from "../geometry/box";
import { boxCentre, boxContains, boxSize, extentOf } from "../geometry/box";
import { LAYOUTS, type Plane } from "../geometry/planes";
import { crossesSlice, pointFromPixel, type Viewport } from "../geometry/viewport";
import { type Vec3, type VolumeGeometry, withAxis } from "../geometry/volume";
import type { PhaseVolume } from "../viewer/phaseVolume";
import { SliceView } from "../viewer/SliceView";
import { Boxes, type Reference } from "./Boxes";
import type { Cell } from "./evidence";
import { type Drag, dragged, faceOf, type Side } from "./gestures";
import type { Look } from "./look";
import { SliceRail } from "./SliceRail";
import type { DrawnLesion } from "./state";

export interface Judged {
  readonly slice: number;
  readonly cells: readonly Cell[];
}

export interface ViewEvents {
  readonly onActivate: (plane: Plane) => void;
  readonly onScroll: (plane: Plane, steps: number) => void;
  readonly onZoom: (shownCentre: Vec3, anchor: Vec3, factor: number) => void;
  readonly onPan: (centre: Vec3) => void;
  /** A click: the point, and the box under it. */
  readonly onPick: (point: Vec3, key: string | null) => void;
  readonly onGoTo: (plane: Plane, voxel: number) => void;
  readonly onExtreme: (point: Vec3) => void;
  /** A drag that draws or changes a box; `key` is null while a new one is drawn. */
  readonly onDrag: (key: string | null, box: Box, gesture: string) => void;
  readonly onDragEnd: (drawn: boolean) => void;
  /** A drag that moves the phase, by so much (mm) since it began. */
  readonly onNudge: (phase: string, by: Vec3, gesture: string) => void;
}

interface Props {
  readonly view: string;
  readonly label: string;
  readonly geometry: VolumeGeometry;
  readonly volume: PhaseVolume;
  /** How far the volume is moved (mm). */
  readonly shift: Vec3;
  /** The phase that a drag moves; null while drags draw. */
  readonly nudged: string | null;
  readonly plane: Plane;
  readonly look: Look;
  readonly table: Uint32Array;
  readonly lesions: readonly DrawnLesion[];
  readonly selected: string | null;
  readonly references: readonly Reference[];
  /** The extreme points clicked so far; null while boxes are drawn by dragging. */
  readonly points: readonly Vec3[] | null;
  /** What speaks for and against a characterizer's answer, and on which slice. */
  readonly judged: Judged | null;
  readonly hidden: boolean;
  readonly events: ViewEvents;
}

/** A press becomes a drag once it has moved this far. */
const SLOP_PX = 3;
/** One step of the wheel; trackpads send many small ones. */
const WHEEL_STEP_PX = 50;

const NO_CELLS: readonly Cell[] = [];

type Press =
  | { kind: "pan"; start: readonly [number, number]; centre: Vec3 }
  | { kind: "nudge"; start: readonly [number, number]; phase: string; from: Vec3; name: string }
  | {
      kind: "edit";
      start: readonly [number, number];
      drag: Drag;
      key: string | null;
      moved: boolean;
      name: string;
    };

let gestures = 0;

export function EditorView(props: Props) {
  const { geometry, volume, plane, look, lesions, selected, references, points, hidden, events } = props;
  const press = useRef<Press | null>(null);
  const wheel = useRef(0);
  const { normal } = LAYOUTS[plane];
  const voxel = look.cursor[normal];
  const middle = useMemo(() => boxCentre(extentOf(geometry)), [geometry]);
  const shownCentre = look.zoom > 1 ? look.centre : middle;
  const at = (viewport: Viewport, pixel: readonly [number, number]) =>
    pointFromPixel(geometry, viewport, pixel, voxel);

  const begin = (event: PointerEvent, viewport: Viewport, pixel: readonly [number, number]): Press | null => {
    if (event.button === 1 || (event.button === 0 && event.shiftKey)) {
      return { kind: "pan", start: pixel, centre: shownCentre };
    }
    if (event.button !== 0 || hidden) {
      return null;
    }
    const from = at(viewport, pixel);
    if (props.nudged) {
      gestures += 1;
      return { kind: "nudge", start: pixel, phase: props.nudged, from, name: `nudge ${gestures}` };
    }
    const edit = (drag: Drag, key: string | null): Press => {
      gestures += 1;
      return { kind: "edit", start: pixel, drag, key, moved: false, name: `drag ${gestures}` };
    };
    const lesion = lesions.find(({ key }) => key === selected);
    const handle = (event.target as Element).closest("[data-handle]")?.getAttribute("data-handle");
    if (lesion && handle) {
      const faces = handle.split(" ").map((side) => faceOf(plane, side as Side));
      return edit({ kind: "faces", faces, box: lesion.box, from }, lesion.key);
    }
    if (lesion && boxContains(lesion.box, from)) {
      return edit({ kind: "move", plane, box: lesion.box, from }, lesion.key);
    }
    return edit({ kind: "draw", plane, voxel, from }, null);
  };

  const onPointer = (event: PointerEvent, viewport: Viewport, pixel: readonly [number, number]) => {
    const held = press.current;
    if (event.type === "pointerenter" || event.type === "pointerdown") {
      // Keys belong to the image again, not to the field used last.
      if (document.activeElement instanceof HTMLElement) {
        document.activeElement.blur();
      }
    }
    if (event.type === "pointerenter") {
      events.onActivate(plane);
    } else if (event.type === "pointerdown") {
      (event.currentTarget as Element).setPointerCapture(event.pointerId);
      if (points && event.button === 0 && !event.shiftKey) {
        events.onExtreme(at(viewport, pixel));
      } else {
        press.current = begin(event, viewport, pixel);
      }
    } else if (event.type === "pointermove" && held) {
      const far = Math.hypot(pixel[0] - held.start[0], pixel[1] - held.start[1]) > SLOP_PX;
      if (held.kind === "pan") {
        events.onPan(panned(viewport, held.centre, held.start, pixel));
      } else if (held.kind === "nudge") {
        const to = at(viewport, pixel);
        const by: Vec3 = [to[0] - held.from[0], to[1] - held.from[1], to[2] - held.from[2]];
        events.onNudge(held.phase, by, held.name);
      } else if (held.moved || far) {
        held.moved = true;
        events.onDrag(held.key, dragged(geometry, held.drag, at(viewport, pixel)), held.name);
      }
    } else if (event.type === "pointerup" && held) {
      press.current = null;
      if (held.kind === "nudge") {
        events.onDragEnd(false);
      } else if (held.kind === "edit" && held.moved) {
        events.onDragEnd(held.drag.kind === "draw");
      } else if (held.kind === "edit" && held.drag.kind !== "faces") {
        const point = at(viewport, pixel);
        events.onPick(point, boxUnder(geometry, plane, lesions, point, voxel));
      }
    } else if (event.type === "pointercancel") {
      press.current = null;
      events.onDragEnd(false);
    }
  };

  const onWheel = (event: WheelEvent, viewport: Viewport, pixel: readonly [number, number]) => {
    const px = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * 33;
    if (event.ctrlKey || event.metaKey) {
      events.onZoom(shownCentre, at(viewport, pixel), Math.exp(-px / 400));
      return;
    }
    wheel.current += px;
    const steps = Math.trunc(wheel.current / WHEEL_STEP_PX);
    if (steps !== 0) {
      // A notch of a mouse wheel is one slice, however many pixels the system makes of it.
      wheel.current = 0;
      events.onScroll(plane, Math.sign(steps));
    }
  };

  return (
    <div class="editor-view">
      <SliceView
        testId={`view-${props.view}`}
        label={props.label}
        volume={volume}
        plane={plane}
        voxel={voxel}
        shift={props.shift}
        table={props.table}
        zoom={look.zoom}
        centre={look.centre}
        smooth={look.smooth}
        active={look.layout === "planes" ? look.plane === plane : props.nudged === look.phase}
        cursor={props.nudged ? "move" : points ? "cell" : "crosshair"}
        overlay={(viewport) =>
          hidden ? null : (
            <Boxes
              view={props.view}
              geometry={geometry}
              viewport={viewport}
              cursor={look.cursor}
              lesions={lesions}
              selected={selected}
              references={references}
              points={points ?? []}
              cells={plane === "axial" && voxel === props.judged?.slice ? props.judged.cells : NO_CELLS}
            />
          )
        }
        onPointer={onPointer}
        onWheel={onWheel}
      />
      <SliceRail
        view={props.view}
        geometry={geometry}
        plane={plane}
        voxel={voxel}
        boxes={hidden ? [] : lesions.map(({ box }) => box)}
        references={hidden ? [] : references.map(({ box }) => box)}
        onGoTo={(next) => events.onGoTo(plane, next)}
      />
    </div>
  );
}

/** The new centre after the image was dragged along with the pointer. */
function panned(
  viewport: Viewport,
  centre: Vec3,
  start: readonly [number, number],
  pixel: readonly [number, number],
): Vec3 {
  const { across, down, downFlipped } = LAYOUTS[viewport.plane];
  const right = (pixel[0] - start[0]) / viewport.pxPerMm;
  const below = (pixel[1] - start[1]) / viewport.pxPerMm;
  const moved = withAxis(centre, across, centre[across] - right);
  return withAxis(moved, down, centre[down] - (downFlipped ? -below : below));
}

/** The smallest box on this slice that holds the point. */
function boxUnder(
  geometry: VolumeGeometry,
  plane: Plane,
  lesions: readonly DrawnLesion[],
  point: Vec3,
  voxel: number,
): string | null {
  const area = (box: Box) => boxSize(box).reduce((product, side) => product * side, 1);
  const held = lesions
    .filter(({ box }) => crossesSlice(geometry, plane, box, voxel) && boxContains(box, point))
    .sort((a, b) => area(a.box) - area(b.box));
  return held[0]?.key ?? null;
}

/** One view of a volume: the slice on a canvas, an SVG overlay on top, letters and a scale bar. */

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { words } from "../app/words";
import { LAYOUTS, type Plane } from "../geometry/planes";
import { scaleBarMm, type Viewport, viewportOf } from "../geometry/viewport";
import { countOf, type Vec3 } from "../geometry/volume";
import { t } from "../i18n/t";
import type { PhaseVolume } from "./phaseVolume";
import { CanvasRenderer } from "./renderer";
import { stampOf } from "./slices";

export interface SliceViewProps {
  readonly testId: string;
  readonly label: string;
  readonly volume: PhaseVolume;
  readonly plane: Plane;
  readonly voxel: number;
  /** How far what is shown is moved, in mm (x, y, z). */
  readonly shift: Vec3;
  readonly table: Uint32Array;
  readonly zoom: number;
  readonly centre: Vec3;
  readonly smooth: boolean;
  readonly active: boolean;
  readonly cursor: string;
  /** What lies over the image, in canvas pixels. */
  readonly overlay: (viewport: Viewport) => ComponentChildren;
  readonly onPointer: (event: PointerEvent, viewport: Viewport, pixel: readonly [number, number]) => void;
  readonly onWheel: (event: WheelEvent, viewport: Viewport, pixel: readonly [number, number]) => void;
}

export function SliceView(props: SliceViewProps) {
  const { volume, plane, voxel, shift, table, zoom, centre, smooth } = props;
  const [dx, dy, dz] = shift;
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const renderer = useMemo(() => new CanvasRenderer(), []);
  const [size, setSize] = useState<readonly [number, number]>([0, 0]);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) {
      return;
    }
    const measure = () => setSize([element.clientWidth, element.clientHeight]);
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);

  const viewport = useMemo(
    () => viewportOf(volume.geometry, plane, size, zoom, centre),
    [volume.geometry, plane, size, zoom, centre],
  );

  const steps = useMemo<Vec3>(() => {
    const [x, y, z] = volume.geometry.spacing_xyz_mm;
    return [dx / x, dy / y, dz / z];
  }, [volume.geometry, dx, dy, dz]);
  // Stands for the volume's data, which arrives in place.
  const stamp = stampOf(volume, plane, voxel, steps);
  useLayoutEffect(() => {
    if (canvas.current && size[0] > 0 && size[1] > 0) {
      renderer.draw(canvas.current, { volume, plane, voxel, shift: steps, table, viewport, smooth });
    }
  }, [renderer, volume, stamp, plane, voxel, steps, table, viewport, smooth, size]);

  const pixelOf = (event: MouseEvent): readonly [number, number] => {
    const bounds = box.current?.getBoundingClientRect();
    return [event.clientX - (bounds?.left ?? 0), event.clientY - (bounds?.top ?? 0)];
  };
  const pointer = (event: PointerEvent) => props.onPointer(event, viewport, pixelOf(event));
  const waiting = !volume.complete && !(plane === "axial" && volume.has(voxel));

  return (
    <div
      ref={box}
      role="application"
      aria-label={`${props.label}, ${words(plane)}`}
      class={`slice-view${props.active ? " slice-view--active" : ""}`}
      style={{ cursor: props.cursor }}
      data-testid={props.testId}
      data-plane={plane}
      data-phase={volume.phase}
      data-slice={voxel}
      data-revision={volume.edition.revision}
      data-shift-mm={shift.join(" ")}
      data-px-per-mm={viewport.pxPerMm}
      data-left-mm={viewport.leftMm}
      data-top-mm={viewport.topMm}
      onPointerDown={pointer}
      onPointerMove={pointer}
      onPointerUp={pointer}
      onPointerCancel={pointer}
      onPointerEnter={pointer}
      onContextMenu={(event) => event.preventDefault()}
      onWheel={(event) => {
        event.preventDefault();
        props.onWheel(event, viewport, pixelOf(event));
      }}
    >
      <canvas ref={canvas} data-testid={`canvas-${props.testId}`} />
      <svg class="slice-view__overlay" width={size[0]} height={size[1]} aria-hidden="true">
        {props.overlay(viewport)}
      </svg>
      <Letters plane={plane} />
      <ScaleBar pxPerMm={viewport.pxPerMm} width={size[0]} />
      <div class="slice-view__label">
        {props.label} <span class="num">{sliceNumber(volume, plane, voxel)}</span>
      </div>
      {waiting && (
        <div class="slice-view__state" role="status">
          {volume.error ??
            t("Loading {n} of {total} slices", { n: volume.loadedSlices, total: volume.slices })}
        </div>
      )}
    </div>
  );
}

/** "31 / 60", counted from the feet, the front or the patient's right. */
function sliceNumber(volume: PhaseVolume, plane: Plane, voxel: number): string {
  return `${voxel + 1} / ${countOf(volume.geometry, LAYOUTS[plane].normal)}`;
}

function Letters({ plane }: { plane: Plane }) {
  const { letters } = LAYOUTS[plane];
  return (
    <>
      {(["left", "right", "top", "bottom"] as const).map((side) => (
        <span key={side} class={`slice-view__letter slice-view__letter--${side}`}>
          {letters[side]}
        </span>
      ))}
    </>
  );
}

function ScaleBar({ pxPerMm, width }: { pxPerMm: number; width: number }) {
  if (width === 0) {
    return null;
  }
  const mm = scaleBarMm(pxPerMm, Math.min(width / 4, 140));
  return (
    <div class="slice-view__scale" style={{ width: `${mm * pxPerMm}px` }}>
      <span>{mm >= 1 ? `${mm} mm` : `${Math.round(mm * 1000)} µm`}</span>
    </div>
  );
}

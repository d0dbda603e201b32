/** Drawing slices: a small interface, so that another renderer can take this one's place. */

import { imageSize, type Plane } from "../geometry/planes";
import { imageRectangle, type Viewport } from "../geometry/viewport";
import type { Vec3 } from "../geometry/volume";
import type { PhaseVolume } from "./phaseVolume";
import { stampOf, writeSlice } from "./slices";

export interface SliceRequest {
  readonly volume: PhaseVolume;
  readonly plane: Plane;
  readonly voxel: number;
  /** How far what is shown is moved, in voxels (x, y, z). */
  readonly shift: Vec3;
  /** From windows.lookupTable; the same object as long as the window is the same. */
  readonly table: Uint32Array;
  /** In CSS pixels; the canvas itself has devicePixelRatio times as many. */
  readonly viewport: Viewport;
  readonly smooth: boolean;
}

export interface SliceRenderer {
  draw(canvas: HTMLCanvasElement, request: SliceRequest): void;
}

/** Windowed grey pixels made in memory, scaled by the browser's 2D canvas. */
export class CanvasRenderer implements SliceRenderer {
  private readonly source = document.createElement("canvas");
  private image: ImageData | null = null;
  private pixels = new Uint32Array(0);
  private drawn = "";
  private table: Uint32Array | null = null;
  private volume: PhaseVolume | null = null;

  draw(canvas: HTMLCanvasElement, request: SliceRequest): void {
    this.update(request);
    const { viewport, smooth, volume } = request;
    const ratio = globalThis.devicePixelRatio || 1;
    const [width, height] = [Math.round(viewport.width * ratio), Math.round(viewport.height * ratio)];
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const context = canvas.getContext("2d");
    if (!context) {
      return;
    }
    const place = imageRectangle(volume.geometry, viewport);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, viewport.width, viewport.height);
    context.imageSmoothingEnabled = smooth;
    context.drawImage(this.source, place.x, place.y, place.width, place.height);
  }

  /** Cuts the slice anew only where it, its window or its data changed, not while zooming or panning. */
  private update({ volume, plane, voxel, table, shift }: SliceRequest): void {
    const wanted = `${plane} ${voxel} ${stampOf(volume, plane, voxel, shift)} ${shift.join(" ")}`;
    if (this.drawn === wanted && this.table === table && this.volume === volume) {
      return;
    }
    const [width, height] = imageSize(volume.geometry, plane);
    if (!this.image || this.source.width !== width || this.source.height !== height) {
      this.source.width = width;
      this.source.height = height;
      this.image = new ImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    writeSlice(volume, plane, voxel, table, this.pixels, shift);
    this.source.getContext("2d")?.putImageData(this.image, 0, 0);
    this.drawn = wanted;
    this.table = table;
    this.volume = volume;
  }
}

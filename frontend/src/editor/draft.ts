/** The draft that survives a reload, a crash and a lost network: kept in the browser, by reader and study. */

import { NO_OFFSET, sameOffset } from "../geometry/offset";
import type { Vec3 } from "../geometry/volume";
import type { Receipts } from "./saver";
import { statusOf } from "./saving";
import type { DrawnLesion, EditorState } from "./state";

export interface Draft {
  readonly lesions: readonly DrawnLesion[];
  /** By phase how it was moved, and where it lay before (mm). */
  readonly nudges: Readonly<Record<string, DraftNudge>>;
  readonly receipts: Receipts;
  /** The id of the verdict "missed" that goes with them, so that it is given once. */
  readonly verdictId: string;
}

export interface DraftNudge {
  readonly to: Vec3;
  readonly from: Vec3;
}

/** How phases were moved, as a draft keeps it. */
export function draftNudges({ nudges, origins }: Pick<EditorState, "nudges" | "origins">): Draft["nudges"] {
  return Object.fromEntries(
    Object.entries(nudges).map(([phase, to]) => [phase, { to, from: origins[phase] ?? NO_OFFSET }]),
  );
}

/** What of it still means something: a phase that lies where it lay then, and is not where it is wanted. */
export function nudgesStill(
  kept: Draft["nudges"],
  placed: Readonly<Record<string, Vec3>>,
): Pick<EditorState, "nudges" | "origins"> {
  const still = Object.entries(kept).filter(([phase, { to, from }]) => {
    const now = placed[phase];
    return now !== undefined && sameOffset(now, from) && !sameOffset(now, to);
  });
  return {
    nudges: Object.fromEntries(still.map(([phase, { to }]) => [phase, to])),
    origins: Object.fromEntries(still.map(([phase, { from }]) => [phase, from])),
  };
}

/** The part of localStorage that is needed. */
export type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const VERSION = 1;

const keyOf = (reader: string, study: string) => `harvest.draft.${reader}.${study}`;

/** Puts the draft away; false where the browser refuses (full, or private). */
export function keepDraft(shelf: Shelf, reader: string, study: string, draft: Draft): boolean {
  try {
    const parts = [draft.lesions, Object.keys(draft.receipts), Object.keys(draft.nudges)];
    if (parts.every((part) => part.length === 0)) {
      shelf.removeItem(keyOf(reader, study));
    } else {
      shelf.setItem(keyOf(reader, study), JSON.stringify({ version: VERSION, ...draft }));
    }
    return true;
  } catch {
    return false;
  }
}

export function dropDraft(shelf: Shelf, reader: string, study: string): void {
  try {
    shelf.removeItem(keyOf(reader, study));
  } catch {
    // A browser that keeps nothing has nothing to drop.
  }
}

/**
 * The draft put away last, without what the server holds unchanged (it comes from there); null where
 * there is none that can be read.
 */
export function takeDraft(shelf: Shelf, reader: string, study: string): Draft | null {
  let text: string | null = null;
  try {
    text = shelf.getItem(keyOf(reader, study));
  } catch {
    return null;
  }
  const draft = text === null ? null : parse(text);
  if (!draft) {
    return null;
  }
  const settled = new Set(
    draft.lesions
      .filter((lesion) => {
        const receipt = draft.receipts[lesion.key];
        return receipt !== undefined && statusOf(receipt, lesion) === "stored";
      })
      .map((lesion) => lesion.key),
  );
  return {
    ...draft,
    lesions: draft.lesions.filter((lesion) => !settled.has(lesion.key)),
    receipts: Object.fromEntries(Object.entries(draft.receipts).filter(([key]) => !settled.has(key))),
  };
}

function parse(text: string): Draft | null {
  try {
    const value = JSON.parse(text) as Partial<Draft> & { version?: unknown };
    if (value.version !== VERSION || typeof value.verdictId !== "string") {
      return null;
    }
    if (!Array.isArray(value.lesions) || !value.lesions.every(isLesion)) {
      return null;
    }
    const nudges = Object.fromEntries(
      Object.entries(value.nudges ?? {}).filter(([, one]) => isVector(one?.to) && isVector(one?.from)),
    );
    return { lesions: value.lesions, nudges, receipts: value.receipts ?? {}, verdictId: value.verdictId };
  } catch {
    return null;
  }
}

function isVector(value: unknown): value is Vec3 {
  return Array.isArray(value) && value.length === 3 && value.every(Number.isFinite);
}

function isLesion(value: unknown): value is DrawnLesion {
  const lesion = value as Partial<DrawnLesion> | null;
  return (
    typeof lesion?.key === "string" &&
    typeof lesion.lesion_class === "string" &&
    Array.isArray(lesion.absent_phases) &&
    isVector(lesion.box?.lo) &&
    isVector(lesion.box?.hi)
  );
}

/**
 * What has to be told to the server about a drawn lesion, and what it has acknowledged. Each box is sent
 * under an id made here and kept until there is an answer, so that sending again changes nothing.
 */

import { sameBox } from "../geometry/box";
import type { Vec3 } from "../geometry/volume";
import type { DrawnLesion } from "./state";

/** A lesion's content as it is stored. */
export interface Content {
  readonly lo: Vec3;
  readonly hi: Vec3;
  readonly primary: boolean;
  readonly lesion_class: string;
  readonly absent_phases: readonly string[];
}

export interface Post extends Content {
  readonly id: string;
  readonly replaces: string | null;
}

export interface Receipt {
  /** What the server holds, and under which id. */
  readonly stored: { readonly id: string; readonly content: Content } | null;
  /** Sent, or to be sent, and not answered. */
  readonly pending: Post | null;
  /** Saving was asked for and has not ended. */
  readonly queued: boolean;
  readonly error: string | null;
}

export const NO_RECEIPT: Receipt = { stored: null, pending: null, queued: false, error: null };

export type Status = "unsaved" | "changed" | "queued" | "stored" | "refused";

export type Step =
  | { kind: "post"; post: Post }
  | { kind: "patch"; id: string; content: Content }
  | { kind: "delete"; id: string };

export function contentOf(lesion: DrawnLesion): Content {
  const { box, primary, lesion_class, absent_phases } = lesion;
  return { lo: box.lo, hi: box.hi, primary, lesion_class, absent_phases };
}

function sameLabels(a: Content, b: Content): boolean {
  return (
    a.primary === b.primary &&
    a.lesion_class === b.lesion_class &&
    [...a.absent_phases].sort().join() === [...b.absent_phases].sort().join()
  );
}

/** What to send next so that the server holds the lesion (null: removed); null where it does. */
export function nextStep(receipt: Receipt, lesion: DrawnLesion | null, newId: () => string): Step | null {
  const { pending, stored } = receipt;
  if (pending) {
    return { kind: "post", post: pending };
  }
  if (!lesion) {
    return stored ? { kind: "delete", id: stored.id } : null;
  }
  const content = contentOf(lesion);
  if (stored && sameBox(stored.content, content)) {
    return sameLabels(stored.content, content) ? null : { kind: "patch", id: stored.id, content };
  }
  const replaces = stored?.id ?? lesion.replaces;
  return { kind: "post", post: { ...content, id: newId(), replaces } };
}

/** The receipt before a step is sent: a post is kept so that the very same one can be sent again. */
export function sending(receipt: Receipt, step: Step): Receipt {
  const pending = step.kind === "post" ? step.post : receipt.pending;
  return { ...receipt, pending, queued: true, error: null };
}

/** The receipt once the server has acknowledged a step; null where nothing is left to remember. */
export function acknowledged(receipt: Receipt, step: Step): Receipt | null {
  switch (step.kind) {
    case "post": {
      const { id, replaces: _replaces, ...content } = step.post;
      return { ...receipt, stored: { id, content }, pending: null };
    }
    case "patch":
      return { ...receipt, stored: { id: step.id, content: step.content } };
    case "delete":
      return null;
  }
}

/** The receipt after the server has refused a step for good: nothing was stored. */
export function refused(receipt: Receipt, message: string): Receipt {
  return { ...receipt, pending: null, queued: false, error: message };
}

export function statusOf(receipt: Receipt, lesion: DrawnLesion): Status {
  if (receipt.error !== null) {
    return "refused";
  }
  if (receipt.queued || receipt.pending) {
    return "queued";
  }
  if (!receipt.stored) {
    return "unsaved";
  }
  const content = contentOf(lesion);
  return sameBox(receipt.stored.content, content) && sameLabels(receipt.stored.content, content)
    ? "stored"
    : "changed";
}

/** Images of the studies ahead, asked for before they are needed; the browser's cache keeps them. */
import type { ReviewStudy, WindowName } from "../api/types";
import { tileUrl } from "./crop";

export function tilesOf(study: ReviewStudy, window: WindowName): string[] {
  return study.candidates.flatMap((candidate) =>
    study.study.phases.map((phase) =>
      tileUrl(candidate.id, phase, window, study.study.image_revisions[phase] ?? 0),
    ),
  );
}

/** A browser opens about six connections to a server; a verdict must not wait behind these. */
const AT_ONCE = 2;

/** Asks for the tiles of studies, a few at a time and after those on the screen; the answer stops it. */
export function prefetch(studies: ReviewStudy[], window: WindowName): () => void {
  const wanted = studies.flatMap((study) => tilesOf(study, window));
  let live = true;
  const next = () => {
    const address = live ? wanted.shift() : undefined;
    if (!address) return;
    const image = new Image();
    image.fetchPriority = "low";
    image.onload = next;
    image.onerror = next;
    image.src = address;
  };
  const timer = setTimeout(() => Array.from({ length: AT_ONCE }, next), 200);
  return () => {
    live = false;
    clearTimeout(timer);
  };
}

/** Images of the studies ahead, asked for before they are needed; the browser's cache keeps them. */
import type { ReviewStudy, WindowName } from "../api/types";
import { tileUrl } from "./crop";

export function tilesOf(study: ReviewStudy, window: WindowName): string[] {
  return study.candidates.flatMap((candidate) =>
    study.study.phases.map((phase) => tileUrl(candidate.id, phase, window)),
  );
}

/** Starts after the tiles on the screen had their turn; the answer stops it. */
export function prefetch(studies: ReviewStudy[], window: WindowName): () => void {
  const images: HTMLImageElement[] = [];
  const timer = setTimeout(() => {
    for (const address of studies.flatMap((study) => tilesOf(study, window))) {
      const image = new Image();
      image.fetchPriority = "low";
      image.src = address;
      images.push(image);
    }
  }, 200);
  return () => {
    clearTimeout(timer);
    images.length = 0;
  };
}

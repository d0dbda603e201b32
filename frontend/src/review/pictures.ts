/** Pictures that will be needed, fetched in the order of their need, a few at a time, and kept. */
import type { Candidate, ReviewStudy, WindowName } from "../api/types";
import { type Part, tileUrl, wholeUrl, zIndex } from "./crop";

/** A browser opens about six connections to a server; a verdict must not wait behind these. */
const AT_ONCE = 3;

/** What is on the screen and what comes after it. */
export interface Need {
  study: ReviewStudy;
  /** Index of the current candidate and its offset from the key slice. */
  current: number;
  offset: number;
  /** Whether the whole slice is on the screen: then the wheel goes through whole slices. */
  whole: boolean;
  ahead: ReviewStudy[];
  window: WindowName;
}

/** Addresses in the order of their need: what is on the screen, the current candidate under the wheel and as
 * a whole, the key slices of the next study, then the wheel for the other candidates, then further ahead. */
export function inOrder({ study, current, offset, whole, ahead, window }: Need): string[] {
  const [next, ...later] = ahead;
  const candidate = study.candidates[current];
  const of = (some: ReviewStudy, part: Part) =>
    some.candidates.flatMap((one) => tilesOf(some, one, part, window));
  return [
    ...of(study, "key"),
    ...(candidate ? tilesOf(study, candidate, "neighbours", window) : []),
    ...(candidate
      ? around(candidate, offset, whole).flatMap((at) => wholeOf(study, candidate, at, window))
      : []),
    ...(next ? of(next, "key") : []),
    ...of(study, "neighbours"),
    ...later.flatMap((some) => of(some, "key")),
    ...(next ? of(next, "neighbours") : []),
  ];
}

function tilesOf(study: ReviewStudy, { id, tile }: Candidate, part: Part, window: WindowName): string[] {
  if (part === "neighbours" && tile.count < 2) return [];
  const { phases, image_revisions } = study.study;
  return phases.map((phase) => tileUrl(id, phase, window, image_revisions[phase] ?? 0, part));
}

/** Offsets whose whole slices are needed, the nearest first. */
function around({ tile }: Candidate, offset: number, whole: boolean): number[] {
  if (!whole) return [offset];
  const every = Array.from({ length: tile.count }, (_, slice) => slice - tile.key_offset);
  return every.sort((a, b) => Math.abs(a - offset) - Math.abs(b - offset));
}

function wholeOf(study: ReviewStudy, { tile }: Candidate, offset: number, window: WindowName): string[] {
  const { id, phases, image_revisions } = study.study;
  return phases.map((phase) =>
    wholeUrl(id, phase, zIndex(tile, offset), window, image_revisions[phase] ?? 0),
  );
}

/** Starts to fetch a picture, says whether it came, and gives what keeps it in memory. */
export type Fetch = (address: string, done: (came: boolean) => void) => unknown;

/** Fetches what is wanted and holds it while it is: what is held is on the screen without a request. */
export class Pictures {
  private readonly held = new Map<string, unknown>();
  private wanted: string[] = [];
  private busy = 0;

  constructor(private readonly fetch: Fetch) {}

  /** What is needed from now on, most needed first; lets go of the rest. */
  want(addresses: string[]): void {
    const needed = new Set(addresses);
    for (const address of this.held.keys()) if (!needed.has(address)) this.held.delete(address);
    this.wanted = [...needed].filter((address) => !this.held.has(address));
    while (this.busy < AT_ONCE && this.wanted.length) this.next();
  }

  private next(): void {
    const address = this.wanted.shift();
    if (address === undefined) return;
    this.busy += 1;
    this.held.set(address, null);
    const picture = this.fetch(address, (came) => {
      this.busy -= 1;
      if (!came) this.held.delete(address);
      this.next();
    });
    if (this.held.has(address)) this.held.set(address, picture);
  }
}

/** An image that waits for those on the screen. */
export const fetchImage: Fetch = (address, done) => {
  const image = new Image();
  image.fetchPriority = "low";
  image.onload = () => done(true);
  image.onerror = () => done(false);
  image.src = address;
  return image;
};

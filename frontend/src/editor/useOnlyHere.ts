/** Lets one page of this browser at a time draw on a study: two would write over each other's draft. */

import { useEffect, useState } from "preact/hooks";

/** "asking" until another page has had the time to let go, as on the way from one study to itself. */
export type Place = "asking" | "here" | "elsewhere";

const PATIENCE_MS = 300;

/** Holds `name` while the component lives, as soon as no other page does. */
export function useOnlyHere(name: string): Place {
  const [place, setPlace] = useState<Place>("asking");
  useEffect(() => {
    // On plain http there are no locks between pages; a draft is then the last page's that drew.
    if (!("locks" in navigator)) {
      setPlace("here");
      return;
    }
    const waiting = new AbortController();
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const hold = () => {
      clearTimeout(late);
      setPlace("here");
      return held;
    };
    const late = setTimeout(() => setPlace("elsewhere"), PATIENCE_MS);
    navigator.locks.request(name, { signal: waiting.signal }, hold).catch(() => {
      // Given up with the page.
    });
    return () => {
      clearTimeout(late);
      waiting.abort();
      release();
    };
  }, [name]);
  return place;
}

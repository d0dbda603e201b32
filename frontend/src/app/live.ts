/** Server-sent events: whether they come, and what to do when one does. */
import { useEffect, useRef, useState } from "preact/hooks";
import { url } from "../api/client";

/**
 * Calls `heard` at each event of `path` while `on`; returns whether events come. Where they do not (a proxy
 * holds them back, too many pages are open), the caller asks again by itself.
 */
export function useEvents(path: string, on: boolean, heard: () => void): boolean {
  const [live, setLive] = useState(false);
  const latest = useRef(heard);
  latest.current = heard;
  useEffect(() => {
    if (!on || typeof EventSource === "undefined") return;
    const source = new EventSource(url(path));
    source.onmessage = () => {
      setLive(true);
      latest.current();
    };
    source.onerror = () => setLive(false);
    return () => {
      source.close();
      setLive(false);
    };
  }, [path, on]);
  return live;
}

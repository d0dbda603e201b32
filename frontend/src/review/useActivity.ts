/** A clock for the study on the screen, fed by what the reader does; the server is told as well. */
import { useEffect, useMemo } from "preact/hooks";
import { api } from "../api/client";
import type { Id } from "../api/types";
import { ActiveClock } from "./clock";

const DEEDS = ["keydown", "pointerdown", "pointermove", "wheel"] as const;

/** `roundStudy` is null where a study is looked at outside a review: nobody counts that. */
export function useActivity(roundStudy: Id | null, mode: "click" | "draw"): ActiveClock {
  const clock = useMemo(() => {
    const tell = () => {
      // A beat that is lost costs seconds in the ledger and nothing else.
      if (roundStudy) api.post(`/round-studies/${roundStudy}/activity`, { mode }).catch(() => {});
    };
    return new ActiveClock(() => Date.now(), tell);
  }, [roundStudy, mode]);
  useEffect(() => {
    const touch = () => clock.touch();
    const seen = () => (document.hidden ? clock.pause() : clock.touch());
    touch();
    for (const deed of DEEDS) window.addEventListener(deed, touch, { passive: true });
    document.addEventListener("visibilitychange", seen);
    return () => {
      for (const deed of DEEDS) window.removeEventListener(deed, touch);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [clock]);
  return clock;
}

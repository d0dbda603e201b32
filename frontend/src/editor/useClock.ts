/** Active seconds at the editor, fed by what the reader does on the page. */

import { useEffect, useMemo } from "preact/hooks";
import { ActiveClock } from "../review/clock";

const DEEDS = ["keydown", "pointerdown", "pointermove", "wheel"] as const;

export function useClock(): ActiveClock {
  const clock = useMemo(() => new ActiveClock(() => Date.now()), []);
  useEffect(() => {
    const touch = () => clock.touch();
    const seen = () => (document.hidden ? clock.pause() : clock.touch());
    touch();
    for (const deed of DEEDS) {
      window.addEventListener(deed, touch, { passive: true });
    }
    document.addEventListener("visibilitychange", seen);
    return () => {
      for (const deed of DEEDS) {
        window.removeEventListener(deed, touch);
      }
      document.removeEventListener("visibilitychange", seen);
    };
  }, [clock]);
  return clock;
}

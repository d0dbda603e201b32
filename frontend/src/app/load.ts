/** Loading data for a page: what came, what went wrong, whether it is slow, and polling while it changes. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type ApiError, asApiError } from "../api/errors";

export interface Loaded<T> {
  data: T | null;
  error: ApiError | null;
  /** Nothing has come for 300 ms. */
  slow: boolean;
  reload: () => void;
}

/** Loads on mount and whenever `deps` change; `every` says in how many ms to load again, null for never. */
export function useLoad<T>(
  load: () => Promise<T>,
  deps: unknown[],
  every: (data: T | null) => number | null = () => null,
): Loaded<T> {
  const [data, setData] = useState<T | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [slow, setSlow] = useState(false);
  const [turn, setTurn] = useState(0);
  const latest = useRef({ load, every });
  latest.current = { load, every };

  // Other deps mean other data, so the old goes.
  useEffect(() => {
    setData(null);
    setError(null);
  }, deps);

  // The caller says by `deps` when to load again.
  useEffect(() => {
    let live = true;
    let poll: ReturnType<typeof setTimeout> | undefined;
    const late = setTimeout(() => live && setSlow(true), 300);
    const again = (value: T | null) => {
      const ms = latest.current.every(value);
      if (live && ms !== null) poll = setTimeout(run, ms);
    };
    const run = async () => {
      try {
        const value = await latest.current.load();
        if (!live) return;
        setData(value);
        setError(null);
        again(value);
      } catch (problem) {
        if (!live) return;
        const known = asApiError(problem);
        setError(known);
        if (known.retryable) again(null);
      } finally {
        clearTimeout(late);
        if (live) setSlow(false);
      }
    };
    void run();
    return () => {
      live = false;
      clearTimeout(late);
      clearTimeout(poll);
    };
  }, [...deps, turn]);

  const reload = useCallback(() => setTurn((n) => n + 1), []);
  return { data, error, slow, reload };
}

/** One action at a time, with its error: `run` is a no-op while one is under way. */
export function useAction(): {
  busy: boolean;
  error: ApiError | null;
  run: (action: () => Promise<void>) => Promise<void>;
} {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const under = useRef(false);
  const run = useCallback(async (action: () => Promise<void>) => {
    if (under.current) return;
    under.current = true;
    setBusy(true);
    setError(null);
    try {
      await action();
    } catch (problem) {
      setError(asApiError(problem));
    } finally {
      under.current = false;
      setBusy(false);
    }
  }, []);
  return { busy, error, run };
}

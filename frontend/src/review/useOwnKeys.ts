/** The keys that the signed-in reader has bound, and their keeping. */
import { useMemo, useState } from "preact/hooks";
import { bound, type Overrides, overridesOf } from "./bindings";
import type { Binding } from "./keys";

interface OwnKeys {
  own: Overrides;
  bindings: readonly Binding[];
  save: (own: Overrides) => Promise<void>;
}

export function useOwnKeys(): OwnKeys {
  const [stored, setStored] = useState<unknown>({});
  const own = useMemo(() => overridesOf(stored), [stored]);
  const bindings = useMemo(() => bound(own), [own]);
  return { own, bindings, save: async (next) => setStored(next) };
}

/** The keys that the signed-in reader has bound, and their keeping. */
import { useMemo } from "preact/hooks";
import { api } from "../api/client";
import type { Preferences } from "../api/types";
import { useSession } from "../app/session";
import { bound, type Overrides, overridesOf } from "./bindings";
import type { Binding } from "./keys";

interface OwnKeys {
  own: Overrides;
  bindings: readonly Binding[];
  save: (own: Overrides) => Promise<void>;
}

export function useOwnKeys(): OwnKeys {
  const { user, prefer } = useSession();
  const stored = user?.preferences.keys;
  const own = useMemo(() => overridesOf(stored), [stored]);
  const bindings = useMemo(() => bound(own), [own]);
  const save = async (keys: Overrides) => prefer(await api.patch<Preferences>("/me/preferences", { keys }));
  return { own, bindings, save };
}

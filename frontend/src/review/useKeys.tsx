/** The keys of whoever is signed in, for every part of the review. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { type Action, BINDINGS, type Binding, keyFor } from "./keys";

export const Keys = createContext<readonly Binding[]>(BINDINGS);

/** The bindings, and the key that a button shows for an action. */
export function useKeys(): { bindings: readonly Binding[]; keyFor: (action: Action) => string } {
  const bindings = useContext(Keys);
  return { bindings, keyFor: (action) => keyFor(action, bindings) };
}

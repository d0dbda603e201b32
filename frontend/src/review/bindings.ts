/** The reader's own keys: what differs from the table, and what may not be. */
import { type Action, BINDINGS, type Binding } from "./keys";

/** Keys by action; an action that is not named keeps its keys of the table. */
export type Overrides = Partial<Record<Action, readonly string[]>>;

/** Keys that are the browser's or the page's own, wherever one is. */
const RESERVED = new Set(["Escape", "Tab", "Shift+Tab", "Unidentified", "Dead", "Process"]);
const MODIFIERS = new Set(["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock", "OS"]);

/** Whether a press is of a modifier alone: the key itself is still to come. */
export const isModifier = (key: string): boolean => MODIFIERS.has(key);

/** Whether no action may have this key: moving the focus, closing what is open, the browser's own. */
export function isReserved(name: string): boolean {
  if (RESERVED.has(name) || /(^|\+)F\d+$/.test(name)) return true;
  // Undo alone is expected under Ctrl; the browser's other shortcuts stay the browser's.
  return /^(Ctrl|Meta|Alt)\+/.test(name) && !/^(Ctrl|Meta)\+z$/.test(name);
}

/** The table with the reader's own keys in it. What is stored is not trusted: reserved keys, texts that are
 * no keys and actions that are not there are left out, and of two actions with one key the first has it. */
export function bound(stored: unknown, table: readonly Binding[] = BINDINGS): readonly Binding[] {
  const own = overridesOf(stored, table);
  const taken = new Set(Object.values(own).flat());
  const used = new Set<string>();
  return table.map((binding) => {
    const keys = own[binding.action] ?? binding.keys.filter((key) => !taken.has(key));
    const free = keys.filter((key) => !used.has(key));
    for (const key of free) used.add(key);
    return { ...binding, keys: free };
  });
}

/** What of stored preferences is about keys that there are. */
export function overridesOf(stored: unknown, table: readonly Binding[] = BINDINGS): Overrides {
  if (typeof stored !== "object" || stored === null) return {};
  const given = stored as Record<string, unknown>;
  const own: Overrides = {};
  for (const { action } of table) {
    const keys = given[action];
    if (!Array.isArray(keys)) continue;
    const usable = keys.filter((key) => typeof key === "string" && !isReserved(key));
    if (usable.length || !keys.length) own[action] = usable;
  }
  return own;
}

/** The action that has a key already, other than `action`. */
export function holderOf(key: string, action: Action, bindings: readonly Binding[]): Binding | null {
  return bindings.find((binding) => binding.action !== action && binding.keys.includes(key)) ?? null;
}

/** Actions that no key does any more; every one of them must have one before the keys are stored. */
export function withoutKey(bindings: readonly Binding[]): Binding[] {
  return bindings.filter((binding) => !binding.keys.length);
}

/** The overrides after `key` was given to `action` alone; who had it before loses it. */
export function bind(overrides: Overrides, action: Action, key: string, table = BINDINGS): Overrides {
  const next: Overrides = { ...overrides };
  for (const binding of bound(overrides, table)) {
    if (binding.action !== action && binding.keys.includes(key))
      next[binding.action] = binding.keys.filter((one) => one !== key);
  }
  next[action] = [key];
  return next;
}

/** The overrides with an action's keys as in the table again; who has one of them loses it. */
export function unbind(overrides: Overrides, action: Action, table = BINDINGS): Overrides {
  const own = table.find((binding) => binding.action === action)?.keys ?? [];
  const next: Overrides = {};
  for (const [other, keys] of Object.entries(overrides) as [Action, readonly string[]][])
    if (other !== action) next[other] = keys.filter((key) => !own.includes(key));
  return next;
}

import { describe, expect, it } from "vitest";
import { bind, bound, holderOf, isReserved, overridesOf, unbind, withoutKey } from "./bindings";
import { actionOf, BINDINGS } from "./keys";

const press = (key: string) => ({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false });

describe("own keys", () => {
  it("are the table's where nothing is stored, or nothing that makes sense", () => {
    for (const stored of [{}, null, undefined, "a", { dance: ["q"], unsure: "q" }])
      expect(bound(stored)).toEqual(BINDINGS);
  });

  it("take the place of all keys of an action", () => {
    const mine = bound({ not_a_lesion: ["q"] });
    expect(actionOf(press("q"), mine)).toBe("not_a_lesion");
    expect(actionOf(press("r"), mine)).toBeNull();
    expect(actionOf(press("x"), mine)).toBeNull();
    expect(actionOf(press("a"), mine)).toBe("primary_lesion");
  });

  it("go before the table's own use of the same key", () => {
    const mine = bound({ unsure: ["a"] });
    expect(actionOf(press("a"), mine)).toBe("unsure");
    expect(actionOf(press("Enter"), mine)).toBe("primary_lesion");
  });

  it("are never those of the browser or of the page", () => {
    expect(["Escape", "Tab", "F5", "Ctrl+r", "Alt+ArrowLeft", "Meta+w"].every(isReserved)).toBe(true);
    expect(["a", " ", "Shift+R", "Ctrl+z", "?", "ArrowUp", "PageDown"].some(isReserved)).toBe(false);
    expect(overridesOf({ unsure: ["F5", "q", 7] })).toEqual({ unsure: ["q"] });
  });

  it("do one thing each, whatever is stored", () => {
    const mine = bound({ unsure: ["q"], other_lesion: ["q"] });
    const keys = mine.flatMap((binding) => binding.keys);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("giving a key to an action", () => {
  it("tells who has it, and takes it from there", () => {
    expect(holderOf("o", "unsure", bound({}))?.action).toBe("other_lesion");
    expect(holderOf("o", "other_lesion", bound({}))).toBeNull();
    const after = bound(bind({}, "unsure", "o"));
    expect(actionOf(press("o"), after)).toBe("unsure");
    expect(withoutKey(after).map((binding) => binding.action)).toEqual(["other_lesion"]);
  });

  it("leaves the other keys of whoever had it", () => {
    const after = bound(bind({}, "unsure", "r"));
    expect(actionOf(press("x"), after)).toBe("not_a_lesion");
    expect(withoutKey(after)).toEqual([]);
  });

  it("can be taken back, which takes the table's key from whoever got it meanwhile", () => {
    const mine = bind(bind({}, "other_lesion", "q"), "unsure", "o");
    const after = bound(unbind(mine, "other_lesion"));
    expect(actionOf(press("o"), after)).toBe("other_lesion");
    expect(actionOf(press("q"), after)).toBeNull();
    expect(withoutKey(after).map((binding) => binding.action)).toEqual(["unsure"]);
  });
});

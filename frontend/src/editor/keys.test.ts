import { describe, expect, it } from "vitest";
import { EDITOR_KEYS, editorAction, nudgeKeyOf } from "./keys";

const press = (key: string, held: Partial<Record<"ctrlKey" | "shiftKey", boolean>> = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...held,
});

describe("the editor's keys", () => {
  it("say one thing each", () => {
    const keys = EDITOR_KEYS.flatMap((binding) => binding.keys);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("move a phase and compare it with the reference", () => {
    expect(editorAction(press("v"))).toBe("nudge");
    expect(editorAction(press("f"))).toBe("compare");
  });

  it("that move a phase are the arrows and the page keys, finely with Shift", () => {
    expect(nudgeKeyOf(press("ArrowLeft"))).toEqual({ key: "ArrowLeft", fine: false });
    expect(nudgeKeyOf(press("PageUp", { shiftKey: true }))).toEqual({ key: "PageUp", fine: true });
    // The browser's own: another tab.
    expect(nudgeKeyOf(press("PageUp", { ctrlKey: true }))).toBeNull();
    expect(nudgeKeyOf(press("t"))).toBeNull();
  });
});

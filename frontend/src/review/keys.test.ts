import { describe, expect, it } from "vitest";
import { actionOf, BINDINGS, keyFor, keyLabel, keyName } from "./keys";

const press = (
  key: string,
  held: Partial<Record<"ctrlKey" | "metaKey" | "altKey" | "shiftKey", boolean>> = {},
) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...held,
});

describe("keys", () => {
  it.each([
    [press("a"), "primary_lesion"],
    [press("Enter"), "primary_lesion"],
    [press("o"), "other_lesion"],
    [press("r"), "not_a_lesion"],
    [press("x"), "not_a_lesion"],
    [press("R", { shiftKey: true }), "reject_rest"],
    [press("z", { ctrlKey: true }), "undo"],
    [press(" "), "next_study"],
    [press("d"), "rest_and_next"],
    [press("f"), "whole_slice"],
    [press("v"), "not_visible"],
    [press("?", { shiftKey: true }), "help"],
    [press("5"), "window:own"],
    [press("ArrowUp"), "slice_up"],
  ])("%o does %s", (event, action) => {
    expect(actionOf(event)).toBe(action);
  });

  it("mean the same with caps lock on", () => {
    expect(actionOf(press("A"))).toBe("primary_lesion");
    expect(actionOf(press("R"))).toBe("not_a_lesion");
  });

  it("leave the browser's own alone", () => {
    expect(actionOf(press("r", { ctrlKey: true }))).toBeNull();
    expect(actionOf(press("l", { ctrlKey: true }))).toBeNull();
  });

  it("can be bound otherwise", () => {
    const mine = [{ action: "unsure" as const, keys: ["q"], text: "" }];
    expect(actionOf(press("q"), mine)).toBe("unsure");
    expect(actionOf(press("u"), mine)).toBeNull();
    expect(keyFor("unsure", mine)).toBe("Q");
  });

  it("are shown as they are printed on the keyboard", () => {
    expect(["a", " ", "Ctrl+z", "ArrowUp", "Shift+R"].map(keyLabel)).toEqual([
      "A",
      "Space",
      "Ctrl+Z",
      "↑",
      "Shift+R",
    ]);
  });

  it("are each bound once", () => {
    const keys = BINDINGS.flatMap((binding) => binding.keys);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("name a modifier before the key", () => {
    expect(keyName(press("Z", { ctrlKey: true, shiftKey: true }))).toBe("Ctrl+Shift+Z");
  });
});

import { describe, expect, it } from "vitest";
import type { Shelf } from "../editor/draft";
import { keepMarks, takeMarks } from "./keptMarks";

function aShelf(): Shelf & { held: Map<string, string> } {
  const held = new Map<string, string>();
  return {
    held,
    getItem: (key) => held.get(key) ?? null,
    setItem: (key, value) => void held.set(key, value),
    removeItem: (key) => void held.delete(key),
  };
}

describe("marks without a verdict", () => {
  it("are there again, for their reader and study alone", () => {
    const shelf = aShelf();
    keepMarks(shelf, "ada", "s1", { c1: ["arterial"], c2: [] });
    expect(takeMarks(shelf, "ada", "s1")).toEqual({ c1: ["arterial"] });
    expect(takeMarks(shelf, "bea", "s1")).toEqual({});
    expect(takeMarks(shelf, "ada", "s2")).toEqual({});
  });

  it("leave nothing behind once there are none", () => {
    const shelf = aShelf();
    keepMarks(shelf, "ada", "s1", { c1: ["arterial"] });
    keepMarks(shelf, "ada", "s1", { c1: [] });
    expect(shelf.held.size).toBe(0);
  });

  it("are none where what was kept is damaged or the browser refuses", () => {
    const shelf = aShelf();
    for (const text of ["{", "null", '{"c1": "arterial"}', '{"c1": [1]}']) {
      shelf.held.set("harvest.marks.ada.s1", text);
      expect(takeMarks(shelf, "ada", "s1")).toEqual({});
    }
    const refusing: Shelf = {
      getItem: () => {
        throw new Error("private");
      },
      setItem: () => {
        throw new Error("full");
      },
      removeItem: () => {},
    };
    keepMarks(refusing, "ada", "s1", { c1: ["arterial"] });
    expect(takeMarks(refusing, "ada", "s1")).toEqual({});
  });
});

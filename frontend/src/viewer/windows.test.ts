import { describe, expect, it } from "vitest";
import { lookupTable, ownWindow, PRESETS } from "./windows";

const grey = (table: Uint32Array, value: number) => table[value + 32768]! & 0xff;

describe("a window", () => {
  it("is black below, white above and middle grey at its level", () => {
    for (const preset of Object.values(PRESETS)) {
      const table = lookupTable(preset);
      expect(grey(table, preset.level - preset.width / 2)).toBe(0);
      expect(grey(table, preset.level + preset.width / 2)).toBe(255);
      expect(Math.abs(grey(table, preset.level) - 128)).toBeLessThanOrEqual(1);
      expect(grey(table, -32768)).toBe(0);
      expect(grey(table, 32767)).toBe(255);
    }
  });

  it("never gets darker for a higher value, and is opaque and grey", () => {
    const table = lookupTable(PRESETS.liver);
    for (let value = -200; value < 300; value++) {
      const pixel = table[value + 32768]!;
      expect(grey(table, value + 1)).toBeGreaterThanOrEqual(pixel & 0xff);
      expect(pixel >>> 24).toBe(255);
      expect((pixel >>> 8) & 0xff).toBe(pixel & 0xff);
      expect((pixel >>> 16) & 0xff).toBe(pixel & 0xff);
    }
  });
});

describe("an image's own window", () => {
  it("spans the tissue and leaves the air out", () => {
    const values = new Int16Array(2000).fill(-1000);
    for (let i = 0; i < 1000; i++) values[i] = i % 200;
    const { level, width } = ownWindow(values);
    expect(level - width / 2).toBeLessThan(10);
    expect(level - width / 2).toBeGreaterThan(-10);
    expect(level + width / 2).toBeGreaterThan(190);
    expect(level + width / 2).toBeLessThan(210);
  });

  it("of air alone is the soft-tissue one", () => {
    expect(ownWindow(new Int16Array(100).fill(-1000))).toEqual(PRESETS.soft_tissue);
  });
});

import { describe, expect, it } from "vitest";
import { ASYMMETRIC, seeded } from "../geometry/example";
import { type Chunk, chunkPlan } from "./chunks";
import { VolumeLoader } from "./loader";
import { PhaseVolume } from "./phaseVolume";

const SLICE = ASYMMETRIC.shape_zyx[1] * ASYMMETRIC.shape_zyx[2];
const GRID = { ...ASYMMETRIC, shape_zyx: [40, 7, 9] as const };

/** Slices whose every value is their own index. */
function bytesOf({ first, count }: Chunk): ArrayBuffer {
  const values = new Int16Array(count * SLICE);
  for (let z = 0; z < count; z++) values.fill(first + z, z * SLICE, (z + 1) * SLICE);
  return values.buffer;
}

const settled = async (check: () => boolean) => {
  for (let i = 0; i < 500 && !check(); i++) await new Promise((resolve) => setTimeout(resolve, 0));
  expect(check()).toBe(true);
};

describe("the order of chunks", () => {
  it("covers every slice once, beginning with the one shown and going outward", () => {
    const random = seeded(6);
    for (let i = 0; i < 200; i++) {
      const slices = 1 + Math.floor(random() * 130);
      const middle = Math.floor(random() * slices);
      const plan = chunkPlan(slices, middle);
      const seen = plan.flatMap(({ first, count }) => Array.from({ length: count }, (_, k) => first + k));
      expect(new Set(seen).size).toBe(slices);
      expect(seen.length).toBe(slices);
      expect(plan[0]!.first).toBe(middle);
      let [low, high] = [middle, middle];
      for (const { first, count } of plan) {
        expect(first + count === low || first === high || first === middle).toBe(true);
        low = Math.min(low, first);
        high = Math.max(high, first + count);
      }
    }
  });
});

describe("loading", () => {
  const explain = (error: unknown) => ({ message: String(error), retry: true });

  it("fetches the first chunk of every shown phase first, and in the end all phases wholly", async () => {
    const volumes = ["arterial", "portal_venous", "delayed"].map((phase) => new PhaseVolume(phase, GRID));
    const asked: string[] = [];
    const loader = new VolumeLoader(volumes, {
      middle: 20,
      explain,
      onChange: () => {},
      fetchSlices: async ({ phase }, chunk) => {
        asked.push(phase);
        return bytesOf(chunk);
      },
    });
    loader.show(["portal_venous", "delayed"]);
    await settled(() => volumes.every((volume) => volume.complete));
    expect(asked.slice(0, 2).sort()).toEqual(["delayed", "portal_venous"]);
    expect(asked.indexOf("arterial")).toBe(
      asked.length - asked.filter((phase) => phase === "arterial").length,
    );
    for (const volume of volumes) {
      expect(Array.from({ length: 40 }, (_, z) => volume.slice(z)[5])).toEqual(
        Array.from({ length: 40 }, (_, z) => z),
      );
    }
  });

  it("asks again for what failed, and says so meanwhile", async () => {
    const volume = new PhaseVolume("arterial", GRID);
    let failures = 3;
    const errors: (string | null)[] = [];
    const loader = new VolumeLoader([volume], {
      middle: 0,
      explain,
      pause: async () => {},
      onChange: () => errors.push(volume.error),
      fetchSlices: async (_, chunk) => {
        if (failures-- > 0) throw new Error("no network");
        return bytesOf(chunk);
      },
    });
    loader.show(["arterial"]);
    await settled(() => volume.complete);
    expect(errors.filter((error) => error === "Error: no network")).toHaveLength(3);
    expect(volume.error).toBeNull();
  });

  it("gives a phase up where the server refuses it or sends too little, and goes on with the others", async () => {
    const volumes = ["arterial", "delayed"].map((phase) => new PhaseVolume(phase, GRID));
    const loader = new VolumeLoader(volumes, {
      middle: 0,
      explain: (error) => ({ message: String(error), retry: false }),
      onChange: () => {},
      fetchSlices: async ({ phase }, chunk) =>
        phase === "arterial" ? new ArrayBuffer(2 * SLICE - 2) : bytesOf(chunk),
    });
    loader.show(["arterial"]);
    await settled(() => volumes[1]!.complete);
    expect(volumes[0]!.error).toContain("another number of slices");
    expect(volumes[0]!.loadedSlices).toBe(0);
  });
});

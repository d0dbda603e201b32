import { describe, expect, it } from "vitest";
import { ASYMMETRIC } from "../geometry/example";
import { type Chunk, chunkAt, chunkCount, distance } from "./chunks";
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

describe("chunks", () => {
  it("cover every slice once", () => {
    for (let slices = 1; slices < 40; slices++) {
      const chunks = Array.from({ length: chunkCount(slices) }, (_, index) => chunkAt(index, slices));
      const seen = chunks.flatMap(({ first, count }) => Array.from({ length: count }, (_, k) => first + k));
      expect(seen).toEqual(Array.from({ length: slices }, (_, z) => z));
    }
  });

  it("matter by how many slices there are to go, and less behind the reader than ahead", () => {
    const chunk = { first: 8, count: 4 };
    expect([8, 11].map((slice) => distance(chunk, { slice, heading: 1 }))).toEqual([0, 0]);
    expect([7, 13].map((slice) => distance(chunk, { slice, heading: 0 }))).toEqual([1, 2]);
    const ahead = distance(chunk, { slice: 4, heading: 1 });
    expect(distance(chunk, { slice: 15, heading: 1 })).toBeGreaterThan(ahead);
    expect(distance(chunk, { slice: 15, heading: -1 })).toBe(ahead);
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

  it("follows the reader, ahead of him first, and every shown phase in step", async () => {
    const volumes = ["arterial", "delayed"].map((phase) => new PhaseVolume(phase, GRID));
    const asked: string[] = [];
    const answers: (() => void)[] = [];
    const loader = new VolumeLoader(volumes, {
      middle: 20,
      explain,
      onChange: () => {},
      fetchSlices: ({ phase }, chunk) => {
        asked.push(`${phase} ${chunk.first}`);
        return new Promise((resolve) => answers.push(() => resolve(bytesOf(chunk))));
      },
    });
    const answer = async (count: number) => {
      const wanted = asked.length + count;
      for (const one of answers.splice(0, count)) one();
      await settled(() => asked.length === wanted);
    };
    loader.show(["arterial", "delayed"]);
    expect(asked).toEqual(["arterial 20", "delayed 20"]);
    loader.focus(21);
    await answer(2);
    expect(asked.slice(2)).toEqual(["arterial 24", "delayed 24"]);
    loader.focus(9);
    await answer(2);
    expect(asked.slice(4)).toEqual(["arterial 8", "delayed 8"]);
    await answer(2);
    expect(asked.slice(6)).toEqual(["arterial 4", "delayed 4"]);
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

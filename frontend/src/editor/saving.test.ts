import { describe, expect, it } from "vitest";
import { ApiError, offline } from "../api/errors";
import { Saver } from "./saver";
import { contentOf, NO_RECEIPT, nextStep, type Receipt, type Step, statusOf } from "./saving";
import type { DrawnLesion } from "./state";

function lesion(key: string, x = 0.1, rest: Partial<DrawnLesion> = {}): DrawnLesion {
  return {
    key,
    box: { lo: [x, 0.2, 0.3], hi: [x + 10, 10, 10] },
    primary: true,
    lesion_class: "",
    absent_phases: [],
    replaces: null,
    ...rest,
  };
}

/** A server that stores lesions by id, as the real one does, and fails when told to. */
class Server {
  readonly rows = new Map<string, Step>();
  readonly heard: string[] = [];
  /** What the next requests meet: lost before or after the server acted, or refused. */
  faults: ("before" | "after" | ApiError)[] = [];

  send = async (step: Step): Promise<void> => {
    this.heard.push(step.kind);
    const fault = this.faults.shift();
    if (fault === "before") throw offline();
    if (fault instanceof ApiError) throw fault;
    if (step.kind === "post") {
      const there = this.rows.get(step.post.id);
      if (there && JSON.stringify(there) !== JSON.stringify(step)) {
        throw new ApiError(409, "id_reused", "Another lesion is stored under this id.");
      }
      if (step.post.replaces) this.rows.delete(step.post.replaces);
      this.rows.set(step.post.id, step);
    }
    if (step.kind === "delete") this.rows.delete(step.id);
    if (fault === "after") throw offline();
  };

  get boxes(): number[] {
    return [...this.rows.values()].map((step) => (step.kind === "post" ? step.post.lo[0] : Number.NaN));
  }
}

function setUp(receipts: Record<string, Receipt> = {}, firstId = 0) {
  const server = new Server();
  let ids = firstId;
  let stalled = false;
  const saver = new Saver(receipts, {
    send: server.send,
    newId: () => `id-${++ids}`,
    onChange: () => {},
    pause: () => (stalled ? new Promise(() => {}) : Promise.resolve()),
  });
  const stall = () => {
    stalled = true;
  };
  return { server, saver, stall };
}

describe("saving drawn lesions", () => {
  it("sends exactly the corners that are shown", () => {
    const drawn = lesion("a", 0.1 + 0.2);
    const step = nextStep(NO_RECEIPT, drawn, () => "id");
    expect(step).toEqual({
      kind: "post",
      post: { ...contentOf(drawn), id: "id", replaces: null },
    });
    expect(step?.kind === "post" && step.post.lo[0]).toBe(0.30000000000000004);
  });

  it("stores each once, however often it is asked", async () => {
    const { server, saver } = setUp();
    const lesions = [lesion("a", 1), lesion("b", 2)];
    expect(await saver.save(lesions)).toBe(true);
    expect(await saver.save(lesions)).toBe(true);
    expect(server.boxes).toEqual([1, 2]);
    expect(server.heard).toEqual(["post", "post"]);
    expect(lesions.map((l) => statusOf(saver.receipts[l.key] ?? NO_RECEIPT, l))).toEqual([
      "stored",
      "stored",
    ]);
  });

  it("sends the same request again when the answer is lost, and stores it once", async () => {
    const { server, saver } = setUp();
    server.faults = ["before", "after", "after"];
    expect(await saver.save([lesion("a", 1)])).toBe(true);
    expect(server.boxes).toEqual([1]);
    expect(server.heard).toHaveLength(4);
  });

  it("settles what was sent before a reload, then replaces it by what was drawn since", async () => {
    const first = setUp();
    first.server.faults = ["after"];
    first.stall();
    void first.saver.save([lesion("a", 1)]);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(statusOf(first.saver.receipts.a!, lesion("a", 1))).toBe("queued");
    const again = setUp(structuredClone(first.saver.receipts), 10);
    for (const [id, row] of first.server.rows) again.server.rows.set(id, row);
    expect(await again.saver.save([lesion("a", 5)])).toBe(true);
    expect(again.server.boxes).toEqual([5]);
  });

  it("changes labels in place, and a box by a successor", async () => {
    const { server, saver } = setUp();
    await saver.save([lesion("a", 1)]);
    await saver.save([lesion("a", 1, { lesion_class: "cyst", absent_phases: ["arterial"] })]);
    await saver.save([lesion("a", 3, { lesion_class: "cyst" })]);
    expect(server.heard).toEqual(["post", "patch", "post"]);
    expect(server.boxes).toEqual([3]);
  });

  it("takes a removed lesion back on the server, and forgets it", async () => {
    const { server, saver } = setUp();
    await saver.save([lesion("a", 1), lesion("b", 2)]);
    await saver.save([lesion("b", 2)]);
    expect(server.boxes).toEqual([2]);
    expect(saver.receipts.a).toBeUndefined();
  });

  it("says why a lesion was refused, stores the others, and tries it again under a new id", async () => {
    const { server, saver } = setUp();
    server.faults = [new ApiError(400, "outside", "The box leaves the volume.")];
    const lesions = [lesion("a", 1), lesion("b", 2)];
    expect(await saver.save(lesions)).toBe(false);
    expect(saver.receipts.a).toMatchObject({ error: "The box leaves the volume.", pending: null });
    expect(statusOf(saver.receipts.a!, lesions[0]!)).toBe("refused");
    expect(server.boxes).toEqual([2]);
    expect(await saver.save(lesions)).toBe(true);
    expect(server.boxes.sort()).toEqual([1, 2]);
  });

  it("says of all that they wait as soon as saving is asked for", () => {
    const { saver } = setUp();
    saver.announce([lesion("a"), lesion("b")]);
    expect(Object.values(saver.receipts).map(({ queued }) => queued)).toEqual([true, true]);
  });

  it("names the lesion on the server that it corrects", async () => {
    const { server, saver } = setUp();
    await saver.save([lesion("a", 1, { replaces: "gold-lesion" })]);
    const [row] = server.rows.values();
    expect(row).toMatchObject({ post: { replaces: "gold-lesion" } });
  });
});

import { describe, expect, it } from "vitest";
import type { ImportItem, LabelRow } from "../api/types";
import { told } from "../app/format";
import { parseOverrides, showOverrides, sizesFor } from "./choices";
import { curve, lossNames } from "./curve";
import { batches, fingerprint, fromEntries, missing, pieces } from "./files";
import { grouped } from "./ImportItems";
import { before, form, sorted } from "./labels";
import { difference, estimates, figure, judgement, metricName } from "./metrics";
import { day, fetching, narrow, sourceOf, toggled } from "./pacs";
import { answers, doubled, proposals, seriesOf } from "./phases";

const item = (ordinal: number, rest: Partial<ImportItem>): ImportItem => ({
  id: String(ordinal),
  ordinal,
  outcome: "taken",
  study: null,
  code: "",
  message: "",
  remedy: "",
  details: {},
  relative_path: "",
  ...rest,
});

describe("what came of an import", () => {
  it("is grouped by reason, with what needs somebody first", () => {
    const scout = {
      outcome: "refused",
      code: "few_slices",
      message: "A scout.",
      remedy: "Leave it.",
    } as const;
    const groups = grouped([
      item(1, {}),
      item(2, scout),
      item(3, scout),
      item(4, { outcome: "phases_needed" }),
    ]);
    expect(groups.map((group) => [group.outcome, group.items.length])).toEqual([
      ["phases_needed", 1],
      ["refused", 2],
      ["taken", 1],
    ]);
  });
});

describe("the question for phases", () => {
  // As the server says it: detector/ingest/phases.py.
  const row = (series: string, proposed: string | null) => ({
    series,
    slices: 69,
    spacing_xyz_mm: [0.7, 0.7, 2.5],
    hint: null,
    proposed,
    probabilities: { non_contrast: 0, arterial: 0.62, portal_venous: 0.38, delayed: 0 },
  });
  const asked = item(1, { details: { series: [row("4", "arterial"), row("103", null)] } });

  it("begins with what is proposed, so that one click says yes", () => {
    expect(proposals([asked])).toEqual({ 1: { 4: "arterial", 103: "" } });
    expect(answers(proposals([asked]))).toEqual([{ item: "1", phases: { 4: "arterial" } }]);
  });

  it("shows each series with its picture and how likely each phase is", () => {
    const [first, second] = seriesOf(asked);
    expect(first).toMatchObject({ key: "4", slices: 69, thicknessMm: 2.5 });
    expect(first?.probabilities.arterial).toBe(0.62);
    expect(second?.picture).toBe("/api/v1/import-items/1/thumbnails/1.webp");
  });

  it("falls back on the name where no image was looked at, and survives other details", () => {
    const named = item(2, { details: { series: [{ series: "a", hint: "delayed" }, 7, { key: "b" }] } });
    expect(proposals([named])).toEqual({ 2: { a: "delayed" } });
    expect(proposals([item(3, {})])).toEqual({ 3: {} });
  });

  it("is not answered while two series of one study are said to be the same phase", () => {
    expect(doubled({ 1: { 4: "arterial", 5: "arterial" } })).toEqual(["arterial"]);
    expect(doubled({ 1: { 4: "arterial", 5: "" }, 2: { 4: "arterial", 5: "" } })).toEqual([]);
  });

  it("sends nothing of a study that is left out altogether", () => {
    expect(answers({ 1: { 4: "" }, 2: { 4: "delayed" } })).toEqual([{ item: "2", phases: { 4: "delayed" } }]);
  });
});

describe("how a phase is known", () => {
  it("is said with how sure it is, but for what a person said", () => {
    expect(told({ assigned_by: "image", confidence: 0.916 })).toBe("by image, 92 %");
    expect(told({ assigned_by: "said", confidence: 1 })).toBe("as a person said");
    expect(told({ assigned_by: "", confidence: null })).toBe("");
  });
});

describe("files", () => {
  const file = (name: string, size = 1) => ({ file: new File([new Uint8Array(size)], name), path: name });

  it("are sent in batches limited by number and by size, in order", () => {
    const many = [file("a", 4), file("b", 4), file("c", 4), file("d", 30)];
    const paths = batches(pieces(many), { files: 2, bytes: 10 }).map((batch) => batch.map((one) => one.path));
    expect(paths).toEqual([["a", "b"], ["c"], ["d"]]);
  });

  it("that are large are sent in parts, and what is there already is not sent again", () => {
    const all = pieces([file("large", 25), file("empty", 0)], 10);
    expect(all.map(({ path, offset, size }) => [path, offset, size])).toEqual([
      ["large", 0, 10],
      ["large", 10, 10],
      ["large", 20, 5],
      ["empty", 0, 0],
    ]);
    const left = missing(all, new Map([["large", 17]])).map(({ path, offset }) => [path, offset]);
    expect(left).toEqual([
      ["large", 10],
      ["large", 20],
      ["empty", 0],
    ]);
    expect(missing(all, new Map(Object.entries({ large: 25, empty: 0 })))).toEqual([]);
  });

  it("are known again by a fingerprint that names nobody", () => {
    const chosen = [file("Doe/1", 3), file("Doe/2", 4)];
    expect(fingerprint(chosen)).toBe(fingerprint([...chosen].reverse()));
    expect(fingerprint(chosen)).not.toBe(fingerprint([chosen[0]!]));
    expect(fingerprint(chosen)).toMatch(/^[0-9a-f]{1,16}$/);
  });

  it("of dropped folders keep their paths; hidden ones stay behind", async () => {
    const entry = (name: string) => ({
      name,
      isFile: true,
      isDirectory: false,
      file: (done: (file: File) => void) => done(new File([], name)),
    });
    const folder = (name: string, children: unknown[]) => ({
      name,
      isFile: false,
      isDirectory: true,
      createReader: () => {
        // A browser gives a folder's entries in batches, and an empty one at the end.
        const rounds = children.map((child) => [child]);
        return { readEntries: (done: (entries: unknown[]) => void) => done(rounds.shift() ?? []) };
      },
    });
    const dropped = folder("study", [entry("1.dcm"), folder("venous", [entry("2.dcm"), entry(".DS_Store")])]);
    const chosen = await fromEntries([dropped]);
    expect(chosen.map((one) => one.path)).toEqual(["study/1.dcm", "study/venous/2.dcm"]);
  });
});

describe("figures", () => {
  const e = (value: number, lo: number, hi: number) => ({ value, lo, hi, n: 40 });

  it("are called by their path, whose numbers stay whole", () => {
    expect(metricName("froc.0.125")).toBe("FROC, 0.125");
    expect(metricName("by_rule.iou3d>=0.1.p1td_1")).toMatch(/iou3d>=0\.1, P1TD-1$/);
  });

  it("are found wherever they stand in the metrics", () => {
    const metrics = { gold: { p1td_1: e(0.7, 0.6, 0.8), studies: 40 }, loss: [1, 2] };
    expect(estimates(metrics).map(([path]) => path)).toEqual(["gold.p1td_1"]);
  });

  it("of a difference say when it could be chance", () => {
    expect(difference("p1td_1", e(0.042, -0.01, 0.093))).toBe("+4.2 points (−1.0 to +9.3)");
    const said = (path: string) =>
      [e(0.04, -0.01, 0.09), e(0.04, 0.01, 0.09), e(-0.04, -0.09, -0.01)].map((by) => judgement(path, by));
    expect(said("p1td_1")).toEqual([expect.stringContaining("holds zero"), "better", "worse"]);
    // Of a distance less is better.
    expect(said("gold.hd95_mm")).toEqual([expect.stringContaining("holds zero"), "worse", "better"]);
  });

  it("of a distance are in mm, of a share in per cent", () => {
    expect(figure("gold.hd95_mm", e(5.6, 5.4, 5.8))).toBe("5.6 mm (5.4 to 5.8, n 40)");
    expect(figure("dice", e(0.945, 0.942, 0.948))).toBe("94.5 % (94.2 to 94.8, n 40)");
    expect(difference("gold.hd95_mm", e(-1.2, -2, -0.5))).toBe("−1.2 mm (−2.0 to −0.5)");
  });

  it("that could not be compared say so", () => {
    expect(difference("p1td_1", null)).toBe("–");
    expect(judgement("p1td_1", null)).toContain("same gold studies");
  });
});

describe("a loss curve", () => {
  const frame = { left: 0, top: 0, width: 100, height: 100 };

  it("goes from the first step to the last, with the largest value at the top and zero at the bottom", () => {
    const points = [0, 5, 10].map((step) => ({ step, values: { loss: 10 - step } }));
    expect(curve(points, ["loss"], frame)?.lines[0]?.points).toEqual([
      [0, 0],
      [50, 50],
      [100, 100],
    ]);
  });

  it("leaves out what is no number, and is nothing without numbers", () => {
    const points = [{ step: 1, values: { loss: Number.NaN, other: null } }];
    expect(curve(points, ["loss"], frame)).toBeNull();
  });

  it("is drawn of losses only", () => {
    expect(lossNames([{ step: 1, values: { loss: 1, lr: 0.1, heatmap_loss: 2 } }])).toEqual([
      "loss",
      "heatmap_loss",
    ]);
  });
});

describe("what to train", () => {
  it("offers the sizes that all chosen models have", () => {
    expect(sizesFor(["detector", "characterizer"])).toEqual(["tiny", "small"]);
    expect(sizesFor(["liver_segmenter"])).toEqual(["tiny", "small", "base"]);
  });

  it("reads overrides and writes them back", () => {
    expect(parseOverrides("epochs=3, fit=resize")).toEqual({ epochs: 3, fit: "resize" });
    expect(showOverrides({ epochs: 3, fit: "resize" })).toBe("epochs=3 fit=resize");
    expect(() => parseOverrides("epochs")).toThrow("name=value");
  });
});

describe("a table of labels", () => {
  const row = (number: number, state: LabelRow["state"]) => ({ row: number, state }) as LabelRow;

  it("shows what needs a person first, each kind in the order of its rows", () => {
    const rows = [
      row(2, "ready"),
      row(3, "question"),
      row(4, "unchanged"),
      row(5, "error"),
      row(6, "question"),
    ];
    expect(sorted(rows).map((one) => one.row)).toEqual([5, 3, 6, 2, 4]);
  });

  it("is sent with its window and answers, and without the file's own name", () => {
    const body = form(new File(["subject"], "Doe.csv"), 31, { 3: "study-id", 6: null });
    expect((body.get("file") as File).name).toBe("labels");
    expect(body.get("window_days")).toBe("31");
    expect(JSON.parse(String(body.get("choices")))).toEqual({ 3: "study-id", 6: null });
  });

  it("says how long before the procedure a study was made", () => {
    expect([null, 0, 1, 12].map(before)).toEqual([
      "date not known",
      "same day",
      "1 day before",
      "12 days before",
    ]);
  });
});

describe("studies from an archive", () => {
  const nothing = { from: "", to: "", patient: " ", accession: "" };
  const pull = { studies: 3, studies_done: 1, objects_done: 40, finished_at: null };

  it("are not asked for without anything that narrows the search", () => {
    expect(narrow(nothing)).toBe(false);
    expect(narrow({ ...nothing, to: "2024-01-31" })).toBe(true);
  });

  it("show their day, also where the archive says something else", () => {
    expect([day("20190314"), day("2019"), day("")]).toEqual(["2019-03-14", "2019", ""]);
  });

  it("are chosen and left out one by one", () => {
    expect([...toggled(new Set(["1", "2"]), "2")]).toEqual(["1"]);
    expect([...toggled(new Set(["1"]), "2")]).toEqual(["1", "2"]);
  });

  it("count as pulled until all were fetched or the import has ended", () => {
    expect(fetching({ state: "running", pull })).toBe(pull);
    expect(fetching({ state: "running", pull: { ...pull, finished_at: "2026-01-01" } })).toBeNull();
    expect(fetching({ state: "cancelled", pull })).toBeNull();
    expect(fetching({ state: "running", pull: null })).toBeNull();
  });

  it("name whom they came from", () => {
    expect(sourceOf({ source: "archive", source_name: "pacs" })).toBe("pacs");
    expect(sourceOf({ source: "stow", source_name: "" })).toBe("STOW-RS");
    expect(sourceOf({ source: "upload", source_name: "" })).toBe("upload");
  });
});

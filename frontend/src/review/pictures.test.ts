import { describe, expect, it } from "vitest";
import { aCandidate, aReviewStudy } from "../testing/builders";
import { inOrder, Pictures } from "./pictures";

const study = (id: string) =>
  aReviewStudy({ id, candidates: [aCandidate(`${id}-1`, 1), aCandidate(`${id}-2`, 2)] });

describe("the order of need", () => {
  const order = inOrder({
    study: study("a"),
    current: 1,
    offset: 0,
    whole: false,
    ahead: [study("b"), study("c")],
    window: "liver",
  });
  const first = (what: string) => order.findIndex((address) => address.includes(what));

  it("begins with the key slices on the screen", () => {
    expect(order.slice(0, 4).every((address) => /a-[12].*part=key/.test(address))).toBe(true);
  });

  it("goes on with the current candidate, then the next study, then the rest", () => {
    const places = [
      "a-2/tiles/arterial.webp?part=neighbours",
      "/slices/",
      "b-1/tiles/arterial.webp?part=key",
      "a-1/tiles/arterial.webp?part=neighbours",
      "c-1/tiles/arterial.webp?part=key",
      "b-1/tiles/arterial.webp?part=neighbours",
    ].map(first);
    expect(places).toEqual([...places].sort((x, y) => x - y));
    expect(places[0]).toBe(4);
  });

  it("has the whole slices under the wheel too while they are on the screen, the nearest first", () => {
    const order = inOrder({
      study: study("a"),
      current: 0,
      offset: 1,
      whole: true,
      ahead: [],
      window: "liver",
    });
    const slices = order.flatMap((address) => /arterial\/(\d+)\.webp/.exec(address)?.[1] ?? []);
    expect(slices).toEqual(["11", "10", "12", "9", "13", "8", "7"]);
  });
});

describe("fetching", () => {
  /** Pictures that come when they are told to. */
  function pictures() {
    const asked: string[] = [];
    const pending = new Map<string, (came: boolean) => void>();
    const all = new Pictures((address, done) => {
      asked.push(address);
      pending.set(address, done);
      return address;
    });
    const come = (address: string, came = true) => pending.get(address)?.(came);
    return { all, asked, come };
  }

  it("goes a few at a time, most needed first", () => {
    const { all, asked, come } = pictures();
    all.want(["1", "2", "3", "4", "5"]);
    expect(asked).toEqual(["1", "2", "3"]);
    come("2");
    expect(asked).toEqual(["1", "2", "3", "4"]);
  });

  it("asks for nothing twice that it holds, and goes by the last word on what is needed", () => {
    const { all, asked, come } = pictures();
    all.want(["1", "2", "3", "4", "5"]);
    come("1");
    all.want(["1", "2", "3", "9", "4"]);
    come("2");
    come("3");
    expect(asked).toEqual(["1", "2", "3", "4", "9"]);
  });

  it("asks again for what did not come, when it is still needed", () => {
    const { all, asked, come } = pictures();
    all.want(["1"]);
    come("1", false);
    all.want(["1"]);
    expect(asked).toEqual(["1", "1"]);
  });
});

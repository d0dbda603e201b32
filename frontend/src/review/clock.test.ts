import { expect, it } from "vitest";
import { ActiveClock, BEAT_S, IDLE_S } from "./clock";

function at(times: { now: number }, beat?: () => void) {
  return new ActiveClock(() => times.now * 1000, beat);
}

it("counts the time between deeds", () => {
  const t = { now: 100 };
  const clock = at(t);
  clock.touch();
  t.now = 104;
  clock.touch();
  t.now = 107;
  expect(clock.total).toBe(7);
});

it("counts a pause up to the idle limit", () => {
  const t = { now: 0 };
  const clock = at(t);
  clock.touch();
  t.now = 3600;
  expect(clock.total).toBe(IDLE_S);
});

it("counts nothing while the page is out of sight", () => {
  const t = { now: 0 };
  const clock = at(t);
  clock.touch();
  t.now = 5;
  clock.pause();
  t.now = 25;
  clock.touch();
  t.now = 27;
  expect(clock.total).toBe(7);
});

it("beats while something is done, and not more often than it is asked to", () => {
  const t = { now: 0 };
  const beats: number[] = [];
  const clock = at(t, () => beats.push(t.now));
  for (t.now = 0; t.now < 35; t.now += 1) clock.touch();
  t.now = 300;
  expect(beats).toEqual([BEAT_S, 2 * BEAT_S, 3 * BEAT_S]);
  clock.touch();
  expect(beats.at(-1)).toBe(300);
});

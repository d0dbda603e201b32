import { expect, it } from "vitest";
import { ActiveClock, IDLE_S } from "./clock";

function at(times: { now: number }) {
  return new ActiveClock(() => times.now * 1000);
}

it("counts the time between deeds", () => {
  const t = { now: 100 };
  const clock = at(t);
  clock.touch();
  t.now = 104;
  expect(clock.take()).toBe(4);
  t.now = 107;
  expect(clock.take()).toBe(3);
  expect(clock.total).toBe(7);
});

it("counts a pause up to the idle limit", () => {
  const t = { now: 0 };
  const clock = at(t);
  clock.touch();
  t.now = 3600;
  expect(clock.take()).toBe(IDLE_S);
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
  expect(clock.take()).toBe(7);
});

import { expect, test } from "vitest";
import { forgottenHours, repeatsRefusal } from "../../../src/scan/forgotten.ts";

const HOUR_MS = 3_600_000;
const hours = (from: number, until: number) => ({ fromMs: from * HOUR_MS, untilMs: until * HOUR_MS });
const slice = (hour: number, remembered: boolean) => ({ sliceMs: hour * HOUR_MS, remembered });

test("forgotten slices count where the range touches them, and only there", () => {
  const ledgers = [slice(1, false), slice(2, true), slice(3, false)];
  const count = (from: number, until: number) => forgottenHours({ ledgers, folded: null }, hours(from, until));
  expect(count(0, 5)).toBe(2);
  expect(count(1.9, 2.5)).toBe(1);
  expect(count(2, 3)).toBe(0);
  expect(count(4, 9)).toBe(0);
  expect(count(3.5, 3.5)).toBe(0);
});

test("so do hours whose ledgers are folded away, in part or whole, and they add up with the others", () => {
  const known = { ledgers: [slice(10, false)], folded: hours(4, 10) };
  const count = (from: number, until: number) => forgottenHours(known, hours(from, until));
  expect(count(0, 4)).toBe(0);
  expect(count(0, 4.5)).toBe(1);
  expect(count(9, 11)).toBe(2);
  expect(count(0, 20)).toBe(7);
  expect(count(11, 20)).toBe(0);
});

test("the refusal counts, and names what allows it", () => {
  expect(repeatsRefusal(1)).toMatch(/^the ids of 1 hour in it are forgotten.*--may-repeat/);
  expect(repeatsRefusal(2)).toContain("2 hours");
});

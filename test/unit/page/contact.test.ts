import { expect, test } from "vitest";
import { type Contact, failed, pauseMs } from "../../../src/page/contact.ts";

test("while the connector answers it is asked every five seconds", () => {
  expect(pauseMs({ kind: "live", atMs: 1 })).toBe(5_000);
});

test("while it is away it is asked ever more rarely, up to a minute, and its first failure is remembered", () => {
  let contact: Contact = { kind: "live", atMs: 1 };
  const pauses = [1, 2, 3, 4, 5, 6, 50].map((times) => {
    while (contact.kind !== "away" || contact.failures < times) contact = failed(contact, 100 * times, "refused");
    return pauseMs(contact);
  });
  expect(pauses).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
  expect(contact).toEqual({ kind: "away", sinceMs: 100, failures: 50, reason: "refused" });
});

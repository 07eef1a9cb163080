import { expect, test } from "vitest";
import { GREEN, SOME_MACHINE } from "../soak/green-outcome.ts";
import { type Found, page } from "./page.ts";

const soak: NonNullable<Found["soak"]> = { ...GREEN, faults: [] };
const mutants: NonNullable<Found["mutants"]> = {
  machine: SOME_MACHINE,
  seeds: 2_000,
  outcomes: [
    { name: "forgets & repeats", file: "src/a.ts", seeds: 12, how: "published twice" },
    { name: "survivor", file: "src/b.ts", seeds: null, how: "" },
  ],
};

test("the page holds the figures of the runs, how to have them again, and what they were measured on", () => {
  const text = page({ soak, mutants });
  for (const words of ["Nothing was wrong", "SOAK_SEED=7 make soak", "8123", "89 of 90", "6.5 / 7.1 (2)", "never"]) {
    expect(text).toContain(words);
  }
  for (const words of ["kafkajs 2.2.4, Kafka 4.1.1", "commit abc1234", "shard 3: failed, coordinated by it"]) {
    expect(text).toContain(words);
  }
  expect(text).toContain("1 of 2 caught");
  expect(text).toContain("survived 2000 seeds");
});

test("what no run has given is said to be missing, and no figure stands in for it", () => {
  const text = page({ soak: null, mutants: null });
  expect(text).toContain("Missing: the campaign");
  expect(text).toContain("Missing: bugs planted");
  expect(text.replace(/<(head|h1).*?<\/\1>/gs, "").replace(/<[^>]*>/g, "")).not.toMatch(/\d/);
  expect(page({ soak: { ...soak, check: null }, mutants })).toContain("Missing: the comparison");
});

test("a campaign that went wrong says so first", () => {
  const text = page({ soak: { ...soak, faults: ["3 activities missing"] }, mutants });
  expect(text).not.toContain("Nothing was wrong");
  expect(text.indexOf("3 activities missing")).toBeLessThan(text.indexOf("What was done"));
});

test("what runs have left is text, never markup, and the page asks nobody for anything", () => {
  const text = page({ soak, mutants });
  expect(text).toContain("&lt;b&gt;t&lt;/b&gt;");
  expect(text).toContain("a &lt;processor&gt;");
  expect(text).toContain("forgets &amp; repeats");
  expect(text).not.toMatch(/<(script|link|img|iframe|object|embed|a)\b|\b(src|href)=|url\(|@import|https?:/i);
});

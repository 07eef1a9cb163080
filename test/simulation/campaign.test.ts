import { expect, test } from "vitest";
import { generate } from "./generate.ts";
import { play } from "./play.ts";
import { failureText } from "./report.ts";
import { TENANT_FAULTS } from "./scenario.ts";
import { runSeeds } from "./seeds.ts";

const SEEDS = 2_000;
/** Marks that fewer seeds see. */
const RARE: Readonly<Record<string, number>> = { "anomaly stall": 5 };

test("whatever the tenant, the brokers and the clocks do, each activity is published once", async () => {
  const { failure, failedSeed, coverage, replayed } = await runSeeds(0, SEEDS);
  expect(failure, `seed ${failedSeed}: ${failureText(failure)}`).toBeNull();
  expect(replayed).toBe(SEEDS / 100);
  // What no seed has seen, none has proven.
  const few = [
    ...TENANT_FAULTS.map((kind) => `fault ${kind}`),
    ...[
      "kill tenant.answer",
      "kill commit.end",
      "kill commit.ended",
      "fail commit.ended",
      "fail open.marked",
      "stop commit.end",
      "zombie tenant.request",
      "zombie commit.end",
    ],
    ...["gap", "late within the overlap", "several on an instant", "field date", "field created", "behind at start"],
    ...["paused", "import", "state paused"],
    ...["next other", "next refused", "empty at instant", "created ignored", "descending", "skewed clock"],
    ...["anomaly stall", "transaction failed", "transaction fenced", "state blocked"],
  ].filter((mark) => (coverage[mark] ?? 0) < (RARE[mark] ?? 10));
  expect(few).toEqual([]);
}, 240_000);

test("a seed is played the same way twice, and another seed otherwise", async () => {
  const [first, again, other] = [await play(generate(3)), await play(generate(3)), await play(generate(4))];
  expect(again.hash).toBe(first.hash);
  expect(other.hash).not.toBe(first.hash);
});

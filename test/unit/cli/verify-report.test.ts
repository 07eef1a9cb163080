import { expect, test } from "vitest";
import { followVerify, isSound, type VerifyReport, verifyLines } from "../../../src/cli/verify-report.ts";
import { encodeJob, type Job, newJob } from "../../../src/scan/job.ts";
import { encodeLedger, ledgerKey, newLedger, readerKey } from "../../../src/scan/ledger.ts";
import { shownKey } from "../../../src/scan/shown.ts";
import { NEW_VERIFY } from "../../../src/scan/verify.ts";
import { MemoryCluster } from "../../fakes/memory-kafka.ts";
import { SIM_CURSORS } from "../../fakes/sim-connector.ts";

const never = new AbortController().signal;
const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 10, 23, 9);
const NAME = "verify/2026-11-23T00:00:00.000Z";
const whole = { fromMs: NOW_MS - 9 * HOUR_MS, untilMs: NOW_MS - 1 };
const began: Job = newJob({ origin: "verify", order: "asc", whole });
const ended: Job = {
  ...began,
  fromMs: NOW_MS,
  counts: { ...began.counts, published: 2 },
  verify: { ...NEW_VERIFY, equal: 7, different: 1, unjudged: { "it is not read as a whole": 1 } },
};
const key = readerKey("all", NAME);
const slice = (hour: number, atMs: number, equal: boolean) => ({
  key: ledgerKey("all", "created", NOW_MS - hour * HOUR_MS),
  value: encodeLedger({ ...newLedger(), ids: 60, verified: { atMs, ids: 61, digest: "1".repeat(32), equal } }),
});

/** What comes of a job whose owner commits `changes` while it is followed. */
async function followed(...changes: readonly (readonly { key: string; value: string | null }[])[]) {
  const cluster = new MemoryCluster(SIM_CURSORS);
  cluster.createTopic(SIM_CURSORS.name, SIM_CURSORS.partitions, "cursors");
  const { port } = cluster.process();
  const log = port.shard(0);
  await log.open(never);
  await log.commit({ state: [slice(5, 1, false)], records: [] }, never);
  const before = cluster.committedState(0);
  const tenths: number[] = [];
  const at = { kafka: port, scan: "all", job: NAME, shard: 0, offset: 0n, before };
  const shown: string[] = [];
  const onShown = (value: Buffer) => shown.push(String(value)) < 3;
  const following = followVerify({ ...at, onTenth: (tenth) => void tenths.push(tenth), onShown }, never);
  for (const state of changes) await log.commit({ state, records: [] }, never);
  const { report, job } = await following;
  return { report: { ...report, ids: null }, job, tenths, shown };
}

test("a job is followed to its end: its counts, and the hours that it has found to differ, not others' before", async () => {
  const { report, tenths } = await followed(
    [{ key, value: encodeJob(began) }],
    [
      { key, value: encodeJob({ ...began, fromMs: whole.fromMs + 5 * HOUR_MS }) },
      slice(4, 9, false),
      slice(3, 9, true),
    ],
    [{ key, value: encodeJob(ended) }, { key, value: null }, slice(5, 1, false)],
  );
  expect(report).toEqual({
    hours: { equal: 7, different: 1, unjudged: 1 },
    mismatches: [{ hour: "2026-11-23T05:00:00.000Z", published: 60, shown: 61 }],
    unjudged: { "it is not read as a whole": 1 },
    foundLate: 2,
    finished: true,
    ids: null,
  });
  expect(tenths).toEqual([5]);
  expect(isSound(report)).toBe(false);
  expect(verifyLines(report)).toEqual([
    "8 hours compared with the API: 7 equal, 1 different; 1 could not be judged",
    "  2026-11-23T05:00:00.000Z: 60 published, the API shows 61",
    "  not judged: 1 hour: it is not read as a whole",
    "2 activities had shown late and were published now",
  ]);
});

test("what it tells of what it is shown is handed on, until that is in vain", async () => {
  const told = (text: string, job = NAME) => ({ key: shownKey("all", job), value: text });
  const { shown, job } = await followed(
    [told("1"), told("2"), { key, value: encodeJob(began) }, told("another's", "verify/another")],
    [told("3"), { key, value: encodeJob(ended) }, { key, value: null }],
  );
  expect(shown).toEqual(["1", "2", "3"]);
  expect(job).toEqual(began);
});

test("one that is cancelled is no proof", async () => {
  const { report } = await followed([{ key, value: encodeJob(began) }], [{ key, value: null }]);
  expect(report).toMatchObject({ finished: false, hours: { equal: 0 } } satisfies Partial<VerifyReport> | object);
  expect(isSound(report)).toBe(false);
  expect(verifyLines(report).at(-1)).toBe("the job was cancelled before its end");
});

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openKafka } from "../../src/kafka/kafkajs-port.ts";
import type { ShardLog, StateRecord } from "../../src/kafka/port.ts";
import { systemClock } from "../../src/kit/clock.ts";
import { encodeCursor, newCursor } from "../../src/scan/cursor.ts";
import { EMPTY_DIGEST, mixed } from "../../src/scan/digest.ts";
import { ID_BYTES, SEGMENT_IDS } from "../../src/scan/id-table.ts";
import { chunkKey, cursorKey, encodeLedger, ledgerKey, newLedger } from "../../src/scan/ledger.ts";
import { SLICE_MS } from "../../src/scan/slice.ts";
import { startBroker } from "../real/broker.ts";
import { ensureBuilt } from "../real/built.ts";
import { root, scratchDir, start } from "../real/process.ts";

// `STATE_IDS=10000000` for the size that memory.ids is made for; CI takes a tenth.
const IDS = Number(process.env["STATE_IDS"] ?? "1000000");
const SLICES = 24;
const SCAN = "contoso-all";
const CURSORS = "sized-cursors";
const BEGAN_MS = Date.UTC(2026, 10, 23);
/** State records of one transaction. */
const BATCH = 1_000;
const never = new AbortController().signal;

/** Ids that are as good as hashes: no two alike. */
function chunk(first: number, count: number): Buffer {
  const ids = Array.from({ length: count }, (_, at) => {
    return createHash("md5")
      .update(String(first + at))
      .digest()
      .subarray(0, ID_BYTES);
  });
  return Buffer.concat(ids);
}

function* sliceState(slice: number): Generator<StateRecord> {
  const sliceMs = BEGAN_MS + slice * SLICE_MS;
  const count = Math.floor(IDS / SLICES);
  let digest = EMPTY_DIGEST;
  for (let at = 0, number = 0; at < count; at += SEGMENT_IDS, number++) {
    const value = chunk(slice * count + at, Math.min(SEGMENT_IDS, count - at));
    const ids = Array.from({ length: value.length / ID_BYTES }, (_, id) =>
      value.subarray(id * ID_BYTES, (id + 1) * ID_BYTES),
    );
    digest = mixed(digest, ids);
    yield { key: chunkKey(SCAN, "created", sliceMs, number), value };
  }
  yield {
    key: ledgerKey(SCAN, "created", sliceMs),
    value: encodeLedger({ ...newLedger(), ids: count, published: count, digest }),
  };
}

async function write(log: ShardLog): Promise<void> {
  const cursor = { ...newCursor("contoso", {}, BEGAN_MS + SLICES * SLICE_MS), cursorField: "created" as const };
  const began = { ...cursor, beganMs: BEGAN_MS, lookbacks: [{ ageMs: 86_400_000, covered: [] }] };
  let batch: StateRecord[] = [{ key: cursorKey(SCAN), value: encodeCursor(began) }];
  for (let slice = 0; slice < SLICES; slice++) {
    for (const record of sliceState(slice)) {
      batch.push(record);
      if (batch.length < BATCH) continue;
      await log.commit({ state: batch, records: [] }, never);
      batch = [];
    }
  }
  await log.commit({ state: batch, records: [] }, never);
}

/** What a process does that takes the shard over, and what it then occupies. */
const OWNER = `
import { openKafka } from "ROOT/dist/kafka/kafkajs-port.js";
import { systemClock } from "ROOT/dist/kit/clock.js";
import { restoreState } from "ROOT/dist/scan/state.js";
import { readFileSync } from "node:fs";
const never = new AbortController().signal;
const port = openKafka(
  { brokers: ["BROKER"], clientId: "owner", cursorsTopic: { name: "${CURSORS}", partitions: 1 } },
  { clock: systemClock },
);
const log = port.shard(0);
const begun = performance.now();
const state = await log.open(never);
const openedMs = performance.now() - begun;
const { slices } = restoreState({ scan: "${SCAN}", tenant: "contoso", cursorField: "created", filters: {} }, state);
const readyMs = performance.now() - begun;
const mb = (name) => Number(new RegExp("^" + name + ":\\\\s+(\\\\d+) kB", "m").exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024;
globalThis.gc?.();
const [rssMb, peakMb] = [mb("VmRSS"), mb("VmHWM")];
console.log(JSON.stringify({ ids: slices.ids, tableMb: slices.bytes / 2 ** 20, openedMs, readyMs, rssMb, peakMb }));
process.exit(0);
`;

test("the ids of a day are read back from a real cursors topic, in bounded time and memory", async () => {
  await ensureBuilt();
  await using broker = await startBroker({ heapMb: 512 });
  const cursorsTopic = { name: CURSORS, partitions: 1 };
  await using port = openKafka(
    { brokers: [broker.bootstrap], clientId: "writer", cursorsTopic, compression: "none" },
    { clock: systemClock },
  );
  await port.prepareTopics([{ ...cursorsTopic, replicationFactor: 1, kind: "cursors" }], true, never);
  await using log = port.shard(0);
  await log.open(never);
  await write(log);
  const file = join(scratchDir("state-size"), "owner.mjs");
  writeFileSync(file, OWNER.replaceAll("ROOT", root).replaceAll("BROKER", broker.bootstrap));
  const owner = start([process.execPath, "--expose-gc", file], { name: "state-owner" });
  await owner.exited;
  const found = JSON.parse(owner.log().trim().split("\n").at(-1) ?? "{}") as Record<string, number>;
  console.log(JSON.stringify(found));
  expect(found["ids"]).toBe(Math.floor(IDS / SLICES) * SLICES);
  expect((found["tableMb"] ?? Number.NaN) * 2 ** 20).toBeLessThan(43 * IDS);
  expect(found["readyMs"]).toBeLessThan(20_000);
  expect(found["rssMb"]).toBeLessThan(400);
}, 600_000);

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
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
import { startLive, untilCaughtUp } from "../real/live-connector.ts";
import { eventually, root, scratchDir, start } from "../real/process.ts";
import { startRegistry } from "../real/registry.ts";
import { startMock } from "../real/stack.ts";

// `STATE_IDS=10000000` for the size that memory.ids is made for, and then with a whole connector that starts on it; CI
// takes a tenth.
const ASKED = process.env["STATE_IDS"];
const IDS = Number(ASKED ?? "1000000");
const SLICES = 24;
const TENANT = "contoso";
const SCAN = "all";
const CURSORS = "sized-cursors";
const LIVE_TOPIC = "sized-live";
/** The last day, as whole slices: all of it within the reach of the last lookback. */
const BEGAN_MS = Math.floor(Date.now() / SLICE_MS - SLICES) * SLICE_MS;
const RSS_MAX_MB = 400;
/** What the container image gives to Node. */
const AS_THE_IMAGE = ["--max-semi-space-size=4"];
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
  const cursor = { ...newCursor(TENANT, {}, BEGAN_MS + SLICES * SLICE_MS), cursorField: "created" as const };
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
const { slices } = restoreState({ scan: "${SCAN}", tenant: "${TENANT}", cursorField: "created", filters: {} }, state);
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
  expect((found["tableMb"] ?? Number.NaN) * 2 ** 20).toBeLessThan(23 * IDS);
  expect(found["readyMs"]).toBeLessThan(20_000);
  expect(found["rssMb"]).toBeLessThan(RSS_MAX_MB);
}, 600_000);

/** The most memory that a process ever occupied, and what it occupies now, as the kernel counts it. */
function memoryOf(pid: number): { peakMb: number; rssMb: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1_024;
  return { peakMb: mb("VmHWM"), rssMb: mb("VmRSS") };
}

/** Longer than the first lookback's age: both have asked for something by then. */
const RUNS_MS = 150_000;

test.skipIf(ASKED === undefined)(
  `a whole connector that starts on such a state stays under ${RSS_MAX_MB} MB`,
  async () => {
    await ensureBuilt();
    await using broker = await startBroker({ heapMb: 512 });
    await using registry = await startRegistry();
    const cursorsTopic = { name: `${LIVE_TOPIC}-cursors`, partitions: 4 };
    await using port = openKafka(
      { brokers: [broker.bootstrap], clientId: "writer", cursorsTopic, compression: "none" },
      { clock: systemClock },
    );
    await port.prepareTopics([{ ...cursorsTopic, replicationFactor: 1, kind: "cursors" }], true, never);
    {
      await using log = port.shard(port.shardOf(TENANT));
      await log.open(never);
      await write(log);
    }
    const fresh = ["--backlog", "3000", "--backlog-span", "1h", "--rate", "20", "--request-limit", "100000"];
    await using mock = await startMock(fresh, { built: true });
    const begun = performance.now();
    await using connector = await startLive({
      tenantUrl: mock.url,
      bootstrap: broker.bootstrap,
      registry: registry.url,
      topic: LIVE_TOPIC,
      requestsPerMinute: 600,
      nodeArgs: AS_THE_IMAGE,
      pageSize: 5_000,
    });
    // Ready is a member of the group; its shard, and with it the state, comes a moment later.
    await connector.ready(120_000);
    await eventually(
      async () => (await connector.status())?.scans[0]?.caughtUp != null,
      120_000,
      "the state to be read",
    );
    const readMs = performance.now() - begun;
    const whenRead = memoryOf(connector.process.pid);
    await delay(RUNS_MS);
    await untilCaughtUp(connector, { deadlineMs: 120_000 });
    const later = memoryOf(connector.process.pid);
    const scan = (await connector.status())?.scans[0];
    const metrics = await (await fetch(`http://127.0.0.1:${connector.port}/metrics`)).text();
    const node = metrics.match(/^\S*nodejs_(heap_size_total|heap_size_used|external_memory)_bytes \S+$/gm);
    console.log(JSON.stringify({ ids: IDS, readMs, whenRead, later, node, counts: scan?.counts }));
    expect(scan).toMatchObject({ state: expect.not.stringContaining("blocked"), openGaps: 0 });
    expect(scan?.counts.published).toBeGreaterThan(3_000);
    expect(readMs).toBeLessThan(20_000);
    expect(later.peakMb).toBeLessThan(RSS_MAX_MB);
  },
  1_200_000,
);

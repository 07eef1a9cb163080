/** The parts of the full path, each over the same pages; the measured code is the built one, from `dist`. */
import type { ReadActivity } from "../../src/activity/reading.ts";
import type { Config } from "../../src/config/config.ts";
import type { Page } from "../../src/connector/page.ts";
import type { Transaction } from "../../src/kafka/port.ts";
import type { SliceAddition } from "../../src/scan/slice-draft.ts";
import type { Slices } from "../../src/scan/slices.ts";
import { dist, openDrafts, scanRoom } from "./built-scan.ts";

/** What one page's worth of work is, ready to be measured; resolves to its number of activities. */
export type Work = () => number | Promise<number>;

export interface Part extends AsyncDisposable {
  /** Makes ready, unmeasured, what the part needs of the body of page `index`; 0 begins a repeat. */
  prepare(body: Buffer, index: number): Work | Promise<Work>;
}

export const PART_NAMES = {
  fetch: "fetch and cut",
  cut: "cut",
  parse: "parse",
  encode: "project and encode",
  ids: "id hash, membership, slices",
  page: "a page's work: parse, ids, encode, records",
  gzip: "produce, gzip",
  none: "produce, not compressed",
} as const;
export type PartName = keyof typeof PART_NAMES;

export interface PartSetting {
  readonly tenantUrl: string;
  readonly bootstrap: string;
  readonly pageSize: number;
  /** Time that the first page's filters begin at; epoch ms. */
  readonly fromMs: number;
}

export function openPart(name: PartName, setting: PartSetting): Promise<Part> {
  return OPENERS[name](setting);
}

const OPENERS: Readonly<Record<PartName, (setting: PartSetting) => Promise<Part>>> = {
  fetch: openFetch,
  cut: openCut,
  parse: openParse,
  encode: openEncode,
  ids: openIds,
  page: openPage,
  gzip: (setting) => openProduce(setting, "gzip"),
  none: (setting) => openProduce(setting, "none"),
};

const nothingHeld = { async [Symbol.asyncDispose]() {} };
const forever = new AbortController().signal;
const SCHEMA_ID = 1;
const NOTHING_ELSE = { duplicates: 0, deadLettered: 0, late: 0 };
const SCAN = "bench";
const PARTITIONS = 12;
/** As sockets hand them on. */
const CHUNK_BYTES = 64 * 1024;

const activityRoom = {
  read: () => dist<typeof import("../../src/activity/read.ts")>("activity/read"),
  encode: () => dist<typeof import("../../src/activity/encode.ts")>("activity/encode"),
};
async function configOf({ tenantUrl, bootstrap, pageSize }: PartSetting): Promise<Config> {
  const { loadConfig } = await dist<typeof import("../../src/config/load.ts")>("config/load");
  const text = JSON.stringify({
    tenants: { contoso: { apiUrl: tenantUrl, auth: { token: "mock-token" } } },
    scans: { [SCAN]: { tenant: "contoso", start: "25h", pageSize } },
    kafka: { brokers: [bootstrap] },
    schemaRegistry: { url: "http://127.0.0.1:1" },
  });
  return loadConfig({ file: "bench.yaml", sets: [], env: {} }, () => text).config;
}

/** One request of the client to the mock tenant, page after page. */
async function openFetch(setting: PartSetting): Promise<Part> {
  const config = await configOf(setting);
  const { TenantClient } = await dist<typeof import("../../src/tenant/client.ts")>("tenant/client");
  const { systemClock } = await dist<typeof import("../../src/kit/clock.ts")>("kit/clock");
  const limits = { bodyMaxBytes: config.limits.bodyBytes, activityMaxBytes: config.memory.pagesBytes };
  const client = new TenantClient(config.tenants[0]!, { clock: systemClock, version: "bench", limits });
  const first = JSON.stringify({ created: { gte: setting.fromMs } });
  let filters = first;
  return {
    prepare: (_, index) => {
      if (index === 0) filters = first;
      const request = { filters, sortField: "created", sortDirection: "asc", limit: setting.pageSize } as const;
      return async () => {
        const { verdict } = await client.fetchPage(request, () => true, forever);
        if (verdict.kind !== "page") throw new Error(`the mock tenant answered ${JSON.stringify(verdict)}`);
        filters = verdict.nextFilters ?? first;
        return verdict.activities;
      };
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

type Cut = (body: Buffer, take: (bytes: Buffer) => boolean) => number;

async function openCutter(): Promise<Cut> {
  const { PageCutter } = await dist<typeof import("../../src/tenant/cutter.ts")>("tenant/cutter");
  return (body, take) => {
    const cutter = new PageCutter(take, { elementMaxBytes: body.length, envelopeMaxBytes: body.length });
    for (let at = 0; at < body.length; at += CHUNK_BYTES) cutter.push(body.subarray(at, at + CHUNK_BYTES));
    const cut = cutter.end();
    if (cut.kind !== "object") throw new Error(`a page of the bench was found to be ${cut.kind}`);
    return cut.elements;
  };
}

async function openCut(): Promise<Part> {
  const cut = await openCutter();
  return { ...nothingHeld, prepare: (body) => () => cut(body, () => true) };
}

async function openActivities(): Promise<(body: Buffer) => Buffer[]> {
  const cut = await openCutter();
  return (body) => {
    const activities: Buffer[] = [];
    cut(body, (bytes) => activities.push(bytes) > 0);
    return activities;
  };
}

async function openParse(): Promise<Part> {
  const activitiesOf = await openActivities();
  const { readActivity } = await activityRoom.read();
  return {
    ...nothingHeld,
    prepare: (body) => {
      const activities = activitiesOf(body);
      return () => activities.reduce((good, bytes) => good + (readActivity(bytes, bytes.length).defect ? 0 : 1), 0);
    },
  };
}

async function openReads(): Promise<(body: Buffer) => ReadActivity[]> {
  const activitiesOf = await openActivities();
  const { readActivity } = await activityRoom.read();
  return (body) => activitiesOf(body).map((bytes) => readActivity(bytes, bytes.length));
}

async function openEncode(): Promise<Part> {
  const readsOf = await openReads();
  const { openEncoder } = await activityRoom.encode();
  const encode = openEncoder({ schemaId: SCHEMA_ID, raw: "include", onMismatch: () => {} });
  const context = { scan: SCAN, tenant: "contoso", reader: "tail", readAtMs: Date.now() };
  return {
    ...nothingHeld,
    prepare: (body) => {
      const reads = readsOf(body);
      return () => reads.map((read) => encode(read, context)).length;
    },
  };
}

async function openIds(): Promise<Part> {
  const readsOf = await openReads();
  const { idHash } = await scanRoom.digest();
  const { sliceOf } = await scanRoom.slice();
  const { Slices } = await scanRoom.slices();
  const draftOf = await openDrafts();
  let slices: Slices;
  return {
    ...nothingHeld,
    prepare: (body, index) => {
      if (index === 0) slices = new Slices(SCAN, "created");
      const reads = readsOf(body).map(({ id, createdMs }) => ({ id, createdMs: createdMs ?? 0 }));
      return () => {
        const bySlice = new Map<number, Buffer[]>();
        for (const { id, createdMs } of reads) {
          const hash = idHash(id);
          if (slices.has(hash)) continue;
          const ids = bySlice.get(sliceOf(createdMs)) ?? [];
          bySlice.set(sliceOf(createdMs), ids);
          ids.push(hash);
        }
        const additions = [...bySlice].map(
          ([sliceMs, ids]): SliceAddition => ({ sliceMs, ids, read: ids.length, ...NOTHING_ELSE }),
        );
        draftOf(slices, additions).apply();
        return reads.length;
      };
    },
  };
}

type NewPage = (slices: Slices) => Promise<Page>;

async function openPages(setting: PartSetting, topic: string): Promise<NewPage> {
  const config = await configOf(setting);
  const { openEncoder } = await activityRoom.encode();
  const { Page } = await dist<typeof import("../../src/connector/page.ts")>("connector/page");
  const { PageMemory } = await dist<typeof import("../../src/connector/page-memory.ts")>("connector/page-memory");
  const { partitionOfKey } = await dist<typeof import("../../src/kafka/partitions.ts")>("kafka/partitions");
  const { newCursor } = await dist<typeof import("../../src/scan/cursor.ts")>("scan/cursor");
  const { openPass } = await dist<typeof import("../../src/scan/tail.ts")>("scan/tail");
  const plan = {
    scan: { ...config.scans[0]!, topic },
    encode: openEncoder({ schemaId: SCHEMA_ID, raw: "include", onMismatch: () => {} }),
    dlqTopic: `${topic}-dlq`,
    activityBytesMax: config.limits.activityBytes,
    valueBytesMax: config.limits.activityBytes,
    partitionOf: (_: string, key: Buffer) => partitionOfKey(key, PARTITIONS),
  };
  const pass = openPass(newCursor("contoso", {}, setting.fromMs), Date.now());
  return async (slices) => {
    const lease = await new PageMemory(Number.MAX_SAFE_INTEGER).reserve(0, forever);
    const serverNowMs = Date.now();
    const previous: ReadonlySet<string> = new Set();
    return new Page(plan, {
      field: "created",
      pass,
      reader: "tail",
      lateBelowMs: null,
      isPublished: (id) => slices.has(id),
      isForgotten: (valueMs) => slices.isForgotten(valueMs),
      comparison: null,
      previous,
      serverNowMs,
      nowMs: () => Date.now(),
      lease,
    });
  };
}

/** All that a connector does to a page between its bytes and its transaction. */
async function openPage(setting: PartSetting): Promise<Part> {
  const activitiesOf = await openActivities();
  const newPage = await openPages(setting, "bench-page");
  const { Slices } = await scanRoom.slices();
  const draftOf = await openDrafts();
  let slices: Slices;
  return {
    ...nothingHeld,
    prepare: async (body, index) => {
      if (index === 0) slices = new Slices(SCAN, "created");
      const activities = activitiesOf(body);
      const page = await newPage(slices);
      return () => {
        for (const bytes of activities) page.take(bytes);
        draftOf(slices, page.additions()).apply();
        return page.records.length;
      };
    },
  };
}

/** Transactions of a page each: its records as the connector makes them, its cursor and its ids. */
async function openProduce(setting: PartSetting, compression: "gzip" | "none"): Promise<Part> {
  const topic = `bench-produce-${compression}`;
  const activitiesOf = await openActivities();
  const newPage = await openPages(setting, topic);
  const { Slices } = await scanRoom.slices();
  const draftOf = await openDrafts();
  const { openKafka } = await dist<typeof import("../../src/kafka/kafkajs-port.ts")>("kafka/kafkajs-port");
  const { systemClock } = await dist<typeof import("../../src/kit/clock.ts")>("kit/clock");
  const cursorsTopic = { name: `${topic}-cursors`, partitions: 1 };
  const brokers = [setting.bootstrap];
  const kafka = openKafka({ brokers, clientId: "bench", compression, cursorsTopic }, { clock: systemClock });
  const specs = [
    { name: topic, partitions: PARTITIONS, replicationFactor: 1, kind: "activities" as const },
    { ...cursorsTopic, replicationFactor: 1, kind: "cursors" as const },
  ];
  const problems = await kafka.prepareTopics(specs, true, forever);
  if (problems.length > 0) throw new Error(`topics of the bench: ${JSON.stringify(problems)}`);
  const shard = kafka.shard(0);
  await shard.open(forever);
  return {
    prepare: async (body) => {
      const slices = new Slices(SCAN, "created");
      const page = await newPage(slices);
      for (const bytes of activitiesOf(body)) page.take(bytes);
      const { records } = page;
      const cursor = { key: "cursor", value: "{}" };
      const state = [cursor, ...draftOf(slices, page.additions()).state];
      const transaction: Transaction = { state, records };
      return async () => {
        await shard.commit(transaction, forever);
        return records.length;
      };
    },
    async [Symbol.asyncDispose]() {
      await shard[Symbol.asyncDispose]();
      await kafka[Symbol.asyncDispose]();
    },
  };
}

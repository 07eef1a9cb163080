import { Asker } from "../../src/cli/asker.ts";
import { OneShot, type OneShotPlan, type Standing } from "../../src/cli/one-shot.ts";
import { type FormatName, openFormat } from "../../src/cli/scan-format.ts";
import type { TenantPort } from "../../src/connector/tenant-run.ts";
import type { ConnectorError } from "../../src/kit/errors.ts";
import { decodeOneShot, encodeOneShot } from "../../src/scan/one-shot-state.ts";
import { Budget } from "../../src/tenant/budget.ts";
import { type SimActivity, type SimOptions, SimTenant } from "./sim-tenant.ts";
import { VirtualClock } from "./virtual-clock.ts";

export const START = Date.parse("2026-11-23T12:00:00Z");
const STEPS_MAX = 5_000;

/** When a process dies: with half of a page in the output, with all of it, or with its state, too. */
export interface Kill {
  /** From 1. */
  readonly page: number;
  readonly moment: "torn" | "written" | "kept";
}

/** What a process leaves behind. */
export interface Left {
  readonly output: Buffer;
  /** As it stands in the file; null: there is none. */
  readonly state: string | null;
}

export interface Setting {
  readonly sim?: Partial<SimOptions>;
  readonly plan?: Partial<OneShotPlan>;
  /** Activities, one a second up to now; or which. */
  readonly activities?: number | readonly SimActivity[];
  readonly format?: FormatName;
  readonly wrap?: (sim: SimTenant) => TenantPort;
  readonly isRead?: (activities: number) => boolean;
  readonly onWritten?: (activities: number) => void;
  readonly kill?: Kill;
  /** Go on with what another process left. */
  readonly left?: Left;
}

class Killed extends Error {}

/** Activities up to `START`, `apartMs` from each other, named by their order. */
export function evenly(count: number, apartMs = 1_000): SimActivity[] {
  return Array.from({ length: count }, (_, n) => {
    const createdMs = START - (count - n) * apartMs;
    return { id: `a${n}`, createdMs, dateMs: createdMs - 500 - (n % 7) * 100, visibleMs: 0 };
  });
}

/** One process of a one-shot scan on a virtual clock, against a tenant in memory. */
export async function play(set: Setting = {}, stop = new AbortController()) {
  const clock = new VirtualClock(START);
  const sim = new SimTenant({ clock, pageCeiling: 40, ...set.sim });
  const { activities = 300 } = set;
  sim.activities.push(...(typeof activities === "number" ? evenly(activities) : activities));
  const state = set.left?.state ?? null;
  const from = state === null ? null : decodeOneShot(Buffer.from(state), "the state");
  const format = openFormat(set.format ?? "ndjson", {
    tenant: "contoso",
    sync: from?.output.sync ?? Buffer.alloc(16, 7),
    nowMs: () => clock.nowMs(),
  });
  const file = new MemoryFile(
    format.head,
    from === null ? null : (set.left?.output.subarray(0, from.output.bytes) ?? null),
  );
  const sync = Buffer.alloc(16, 7);
  const kept: string[] = [];
  const notes: string[] = [];
  let pages = 0;
  const dies = (moment: Kill["moment"]) => set.kill?.page === pages && set.kill.moment === moment;
  const asker = new Asker({
    tenant: "contoso",
    client: set.wrap?.(sim) ?? sim,
    budget: new Budget({ requests: 20 }, clock.monotonicMs()),
    clock,
    random: () => 0.5,
    onWait: () => {},
  });
  const oneShot = new OneShot(
    { ...PLAN, ...set.plan },
    {
      asker,
      format,
      nowMs: () => clock.nowMs(),
      write: async (pieces, signal) => {
        signal.throwIfAborted();
        pages += 1;
        for (const { bytes, activities: more } of pieces) {
          file.add(dies("torn") ? bytes.subarray(0, bytes.length / 2) : bytes, more);
        }
        if (dies("torn") || dies("written")) throw new Killed();
        set.onWritten?.(file.activities);
        return set.isRead?.(file.activities) ?? true;
      },
      keep: async (standing: () => Standing) => {
        const output = { bytes: file.bytes.length, endSha256: "", sync };
        kept.push(encodeOneShot({ ...standing(), asked: {}, output }));
        if (dies("kept")) throw new Killed();
      },
      note: (text) => notes.push(text),
      onPage: () => {},
    },
    from,
  );
  let error: ConnectorError | Killed | null = null;
  let ended = false;
  void oneShot
    .run(stop.signal)
    .catch((thrown: ConnectorError) => {
      error = thrown;
    })
    .finally(() => {
      ended = true;
    });
  await clock.runUntil(() => ended, STEPS_MAX);
  const died = (error as Error | null) instanceof Killed;
  const output = file.bytes;
  return {
    /** The ids in the output, in its order. */
    written: format.name === "ndjson" && !died ? idsOf(output) : [],
    output,
    left: { output, state: kept.at(-1) ?? state } satisfies Left,
    kept,
    notes,
    pages,
    died,
    sim,
    tally: oneShot.tally,
    traffic: asker.traffic,
    error: died ? null : (error as ConnectorError | null),
  };
}

const PLAN: OneShotPlan = {
  filters: {},
  cursorField: "auto",
  since: { kind: "age", ageMs: 3_600_000 },
  until: null,
  pageSize: 5_000,
  limit: null,
  pagesBytes: 1e6,
  idsBytes: 1e6,
  spanActivities: 50_000,
};

/** An output that begins with its head. */
class MemoryFile {
  readonly #pieces: Buffer[];
  activities = 0;

  constructor(head: Buffer, before: Buffer | null) {
    this.#pieces = [before ?? head];
  }

  add(bytes: Buffer, activities: number): void {
    this.#pieces.push(bytes);
    this.activities += activities;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}

/** The ids of NDJSON, whose lines must be whole. */
export function idsOf(ndjson: Buffer): string[] {
  const lines = ndjson.toString("utf8").split("\n");
  if (lines.pop() !== "") throw new Error("the last line is not whole");
  return lines.map((line) => (JSON.parse(line) as { _id: string })._id);
}

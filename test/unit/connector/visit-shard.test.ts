import { expect, test } from "vitest";
import { visitShard } from "../../../src/connector/visit-shard.ts";
import { type Command, commandKey, decodeHistory, encodeCommand, historyKey } from "../../../src/scan/command.ts";
import { readerKey } from "../../../src/scan/ledger.ts";
import { type MemoryProcess, STEPS, type Step } from "../../fakes/memory-kafka.ts";
import { SIM_TOPIC } from "../../fakes/sim-connector.ts";
import { backlog, HOUR_MS, idsOf, MINUTE_MS, NOW_MS, Scene, saved, sorted } from "./scene.ts";

const never = new AbortController().signal;
const LOOKBACKS = { cursorField: "created" as const, lookbacksMs: [2 * MINUTE_MS], start: { kind: "now" as const } };

/** The same tenant's activities twice: by `contoso-all`, and by `second` on the same shard. */
class Visited extends Scene {
  #count = 0;

  constructor() {
    const later = Array.from({ length: 30 }, (_, at) => saved(`n${at}`, NOW_MS + (at + 1) * MINUTE_MS));
    super({ activities: [...backlog(30), ...later], scan: LOOKBACKS });
    const [first] = this.config.scans;
    this.config = { ...this.config, scans: [first!, { ...first!, name: "second", topic: SIM_TOPIC }] };
  }

  get shard(): number {
    return this.cluster.process().port.shardOf("contoso");
  }

  /** SIGKILL of the connector. */
  stopAll(): void {
    this.restart().kill();
  }

  /** The hour before the scan's start. @returns the command's id. */
  async send(scan: string, hours = 1): Promise<string> {
    const id = `c${++this.#count}`;
    const at = new Date(NOW_MS).toISOString();
    const fromMs = NOW_MS - hours * HOUR_MS;
    const wish = { action: "backfill_add", fromMs, untilMs: fromMs + HOUR_MS, order: "asc", mayRepeat: false } as const;
    const command: Command = { version: 1, id, at, by: "test", scan, ...wish };
    await this.cluster.process().port.sendCommand(this.shard, commandKey(id), encodeCommand(command), never);
    return id;
  }

  /** The command line, as a process of its own. */
  visit(scan = "second", process: MemoryProcess = this.cluster.process()) {
    const config = this.config.scans.find(({ name }) => name === scan)!;
    const deps = { kafka: process.port, scan: config, idsBytesMax: 1e6, clock: this.clock };
    return visitShard({ ...deps, random: () => 0.5, emit: () => undefined }, never);
  }

  outcome(id: string): string | null {
    const state = this.cluster.committedState(this.shard);
    if (state.has(commandKey(id))) return "queued";
    const decoded = decodeHistory(state.get(historyKey(id)) ?? Buffer.alloc(0));
    return decoded.kind === "read" ? decoded.value.outcome : null;
  }

  /** Of a stretch that begins so long before the scan's start. */
  hasJob(scan: string, hours = 1): boolean {
    const reader = `backfill/${new Date(NOW_MS - hours * HOUR_MS).toISOString()}`;
    return this.cluster.committedState(this.shard).has(readerKey(scan, reader));
  }
}

const twice = (ids: readonly string[]) => sorted([...ids, ...ids]);
/** A connector that hears nothing of commands once it runs. */
const deaf: Step = async (step) => {
  if (step === "state.read") throw new Error("deaf");
};

test("without a connector what waits for the scan is applied in order, and the next one goes on from there", async () => {
  const scene = new Visited();
  scene.start();
  await scene.pass(10 * MINUTE_MS);
  scene.stopAll();
  const [other, first, again] = [
    await scene.send("contoso-all"),
    await scene.send("second"),
    await scene.send("second"),
  ];
  const stray = await scene.send("unknown");
  const settled = await scene.visit();
  expect(settled?.map(({ command: { id }, outcome }) => [id, outcome])).toEqual([
    [first, "done"],
    [again, "refused"],
  ]);
  expect([other, first, again, stray].map((id) => scene.outcome(id))).toEqual(["queued", "done", "refused", "queued"]);
  expect(scene.hasJob("second")).toBe(true);
  expect(await scene.visit()).toEqual([]);
  scene.restart();
  await scene.pass(40 * MINUTE_MS);
  expect(sorted(scene.published)).toEqual(twice(idsOf(scene.tenant.activities)));
  expect([other, stray].map((id) => scene.outcome(id))).toEqual(["done", "refused"]);
});

// One of the two commits first, and reads its state back; the other's memory is as outdated.
test.each(["contoso-all", "second"])(
  "a connector that the command line has fenced comes back by itself, with what was changed of %s, and loses nothing",
  async (scan) => {
    const scene = new Visited();
    const connector = scene.start(deaf);
    await scene.pass(10 * MINUTE_MS);
    const id = await scene.send(scan);
    await scene.pass(MINUTE_MS);
    expect(scene.outcome(id)).toBe("queued");
    expect(await scene.visit(scan)).toMatchObject([{ outcome: "done" }]);
    await scene.pass(40 * MINUTE_MS);
    expect(scene.outcome(id)).toBe("done");
    const own = scene.published.filter((each) => each.startsWith("n"));
    expect(sorted(own)).toEqual(twice(idsOf(scene.tenant.activities.slice(30))));
    const before = scene.published.filter((each) => each.startsWith("a"));
    expect(sorted(before)).toEqual(idsOf(scene.tenant.activities.slice(0, 30)));
    expect(scene.of("connector_stopping")).toEqual([]);
    expect(scene.of("shard_released")).toMatchObject([
      { reason: expect.stringContaining("somebody else has owned it") },
    ]);
    connector.stop();
  },
);

test("a connector that opens the shard while the command line owns it fences that one, and applies what waits", async () => {
  const scene = new Visited();
  scene.start();
  await scene.pass(10 * MINUTE_MS);
  scene.stopAll();
  const id = await scene.send("second");
  const visiting = scene.cluster.process(async (step) => {
    if (step !== "commit.end") return;
    scene.restart();
    await scene.pass(MINUTE_MS);
  });
  await expect(scene.visit("second", visiting)).rejects.toMatchObject({ code: "publish_fenced" });
  expect(scene.outcome(id)).toBe("done");
  expect(scene.of("command_applied")).toMatchObject([{ id }]);
});

test("of two command lines at once the first is fenced, and nothing is applied twice", async () => {
  const scene = new Visited();
  scene.start();
  await scene.pass(10 * MINUTE_MS);
  scene.stopAll();
  const ids = [await scene.send("second", 1), await scene.send("second", 2)];
  const other: unknown[] = [];
  const visiting = scene.cluster.process(async (step) => {
    if (step === "commit.end" && other.length === 0) other.push(await scene.visit());
  });
  await expect(scene.visit("second", visiting)).rejects.toMatchObject({ code: "publish_fenced" });
  expect(other).toMatchObject([[{ outcome: "done" }, { outcome: "done" }]]);
  expect(ids.map((id) => scene.outcome(id))).toEqual(["done", "done"]);
  expect([1, 2].map((hours) => scene.hasJob("second", hours))).toEqual([true, true]);
});

test.each(STEPS.filter((step) => step.startsWith("open") || step.startsWith("commit")))(
  "a command line that dies at %s leaves what the next owner settles, once",
  async (point) => {
    const scene = new Visited();
    scene.start();
    await scene.pass(10 * MINUTE_MS);
    scene.stopAll();
    const id = await scene.send("second");
    const died = new Promise<void>((resolve) => {
      const visiting = scene.cluster.process(async (step) => {
        if (step !== point) return;
        visiting.kill();
        resolve();
      });
      void scene.visit("second", visiting);
    });
    await died;
    scene.restart();
    await scene.pass(40 * MINUTE_MS);
    expect(scene.outcome(id)).toBe("done");
    const before = scene.published.filter((each) => each.startsWith("a"));
    expect(sorted(before)).toEqual(idsOf(scene.tenant.activities.slice(0, 30)));
    expect(scene.of("command_applied").length).toBe(point === "commit.ended" ? 0 : 1);
  },
);

test("where the scan has not begun nothing is applied, and the command waits for a connector", async () => {
  const scene = new Visited();
  const { port } = scene.cluster.process();
  await port.prepareTopics(
    [{ name: "sim-cursors", partitions: 3, replicationFactor: 1, kind: "cursors" }],
    true,
    never,
  );
  const id = await scene.send("second");
  expect(await scene.visit()).toBeNull();
  expect(scene.outcome(id)).toBe("queued");
});

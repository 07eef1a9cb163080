import { expect, test } from "vitest";
import { agrees, idLines } from "../../../src/cli/sides-report.ts";
import { commandKey, encodeCommand } from "../../../src/scan/command.ts";
import { jobName } from "../../../src/scan/job.ts";
import { SIM_TOPIC } from "../../fakes/sim-connector.ts";
import { backlog, HOUR_MS, MINUTE_MS, NOW_MS, saved, sent } from "../connector/scene.ts";
import { caughtUp, compare, FROM_MS, ids, lose, never, remove, SCAN, UNTIL_MS } from "./comparing.ts";

test("where nothing differs nothing is said to, and every side counts the same", async () => {
  const { report } = await compare(await caughtUp());
  expect(report).toMatchObject({ shown: 180, published: 180, deadLettered: 0, ledger: [], gone: 0, withoutRaw: 0 });
  expect(agrees(report)).toBe(true);
  expect(idLines(report)).toEqual([
    "180 activities shown by the API, 180 published, 0 dead-lettered: 0 missing, 0 extra, 0 changed, 0 published twice",
  ]);
});

test("each kind of difference is found, by id, and nothing else is", async () => {
  const scene = await caughtUp({ pageCeiling: 7, next: "boundary" });
  scene.tenant.activities.push(saved("new1", FROM_MS + 1), saved("new2", FROM_MS + HOUR_MS + 1));
  const altered = scene.tenant.activities.find(({ id }) => id === "a100")!;
  remove(scene, "a70", "a71", "a100");
  scene.tenant.activities.push(sent("a100", altered.createdMs, { _id: "a100", created: altered.createdMs, x: 1 }));
  const copied = scene.cluster.committed(SIM_TOPIC).find(({ key }) => String(key) === "a120")!;
  scene.cluster.append(copied);
  const { report } = await compare(scene);
  expect(ids(report.missing)).toEqual(["new1", "new2"]);
  expect(report.missing.listed.map(({ published }) => published)).toEqual(["never", "never"]);
  expect(ids(report.extra)).toEqual(["a70", "a71"]);
  expect(ids(report.changed)).toEqual(["a100"]);
  expect(report.twice.listed).toMatchObject([{ id: "a120", times: 2 }]);
  expect(report.ledger).toEqual([]);
  expect(agrees(report)).toBe(false);
  expect(idLines(report).slice(1, 3)).toEqual([
    "  missing: new1 of 2026-11-23T05:00:00.001Z, never published",
    "  missing: new2 of 2026-11-23T06:00:00.001Z, never published",
  ]);
});

test("what was published and is gone from the topic is told from what never was, by the ledger", async () => {
  const scene = await caughtUp();
  lose(scene, "a70");
  const first = await compare(scene);
  expect(first.report.missing.listed).toMatchObject([{ id: "a70", published: "before" }]);
  expect(first.report.ledger).toMatchObject([{ counted: 60, held: 59 }]);
  // Of an hour that lacks one of each nobody can tell which is which.
  const at = scene.tenant.activities.find(({ id }) => id === "a70")!.createdMs;
  scene.tenant.activities.push(saved("new", at + 1));
  const second = await compare(scene);
  expect(second.report.missing.listed.map(({ published }) => published)).toEqual(["unknown", "unknown"]);
});

test("what the job itself publishes, and what is published meanwhile, is no difference", async () => {
  const scene = await caughtUp({ scan: { ...SCAN, lookbacksMs: [2 * MINUTE_MS, 24 * HOUR_MS] } });
  const { report } = await compare(scene, () => {
    scene.tenant.activities.push(saved("late", FROM_MS + 1));
  });
  expect(scene.published.filter((id) => id === "late")).toHaveLength(1);
  expect(report).toMatchObject({ shown: 181, published: 181 });
  expect(agrees(report)).toBe(true);
});

test("dead letters count as published, whether their time is legible or not", async () => {
  const scene = await caughtUp({
    activities: [...backlog(300), sent("no id", FROM_MS + 5, { created: FROM_MS + 5, x: "no id at all" })],
  });
  expect(scene.deadLetters).toHaveLength(1);
  const { report } = await compare(scene);
  expect(report).toMatchObject({ shown: 181, published: 180, deadLettered: 1 });
  expect(agrees(report)).toBe(true);
});

test("a process that dies in the middle of its job leaves the comparison whole", async () => {
  const scene = await caughtUp({ pageCeiling: 7 });
  remove(scene, "a70");
  const pages = () => scene.of("page_published").filter(({ reader }) => reader === "verify").length;
  const readBefore: number[] = [];
  const { report } = await compare(scene, () => {
    void scene.clock.sleep(1_500, never).then(() => {
      readBefore.push(pages());
      scene.restart();
    });
  });
  expect([...readBefore, pages()].every((read) => read > 0 && read < 27)).toBe(true);
  expect(ids(report.extra)).toEqual(["a70"]);
  expect(report).toMatchObject({ shown: 179, missing: { count: 0 } });
});

test("records of others, and what is none, are told from the scan's own", async () => {
  const scene = await caughtUp();
  const plain = { topic: SIM_TOPIC, partition: 0, key: Buffer.from("x"), value: Buffer.from("x"), timestampMs: NOW_MS };
  scene.cluster.append({ ...plain, headers: { scan: "another" } });
  scene.cluster.append({ ...plain, headers: {} });
  expect(agrees((await compare(scene)).report)).toBe(true);
  scene.cluster.append({ ...plain, headers: { scan: "contoso-all" } });
  const { report } = await compare(scene);
  expect(report).toMatchObject({ unreadable: 1, published: 180 });
  expect(agrees(report)).toBe(false);
  expect(idLines(report).at(-1)).toBe("  1 record of the scan cannot be read");
});

test("more ids than memory.ids takes are refused, with what to do", async () => {
  const scene = await caughtUp();
  const { memory } = scene.config;
  scene.config = { ...scene.config, memory: { ...memory, idsBytes: 3_200 } };
  await expect(compare(scene)).rejects.toThrow("100 ids do not fit into memory.ids (3200 bytes, 32 each)");
});

test("a job that is cancelled proves nothing by ids either", async () => {
  const scene = await caughtUp({ pageCeiling: 7 });
  const { failure } = await compare(scene, async () => {
    const { port } = scene.cluster.process();
    const reader = jobName({ origin: "verify", ageMs: null, whole: { fromMs: FROM_MS, untilMs: UNTIL_MS } });
    const head = {
      version: 1,
      id: "cancel",
      at: new Date(NOW_MS).toISOString(),
      by: "test",
      scan: "contoso-all",
    } as const;
    void scene.clock.sleep(3_000, never).then(async () => {
      const command = encodeCommand({ ...head, action: "job_cancel", reader });
      await port.sendCommand(port.shardOf("contoso"), commandKey("cancel"), command, never);
    });
  });
  expect(failure).toBe("the stretch was not read to its end");
});

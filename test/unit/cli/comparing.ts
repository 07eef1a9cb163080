import type { ComparedIds } from "../../../src/cli/sides-report.ts";
import { IdComparison } from "../../../src/cli/verify-ids.ts";
import { followVerify } from "../../../src/cli/verify-report.ts";
import { commandKey, encodeCommand } from "../../../src/scan/command.ts";
import { jobName } from "../../../src/scan/job.ts";
import { SIM_TOPIC } from "../../fakes/sim-connector.ts";
import { backlog, HOUR_MS, MINUTE_MS, NOW_MS, Scene, type SceneOptions } from "../connector/scene.ts";

export const never = new AbortController().signal;
/** The hours from four hours ago on: three are read, settled and forgotten. */
export const FROM_MS = NOW_MS - 4 * HOUR_MS;
export const UNTIL_MS = NOW_MS - HOUR_MS;
export const SCAN = {
  cursorField: "created" as const,
  lookbacksMs: [2 * MINUTE_MS, 30 * MINUTE_MS],
  start: { kind: "age" as const, ageMs: 4 * HOUR_MS },
};

export async function caughtUp(options: SceneOptions = {}): Promise<Scene> {
  const scene = new Scene({ activities: backlog(300), scan: SCAN, ...options });
  scene.start();
  await scene.pass(HOUR_MS);
  return scene;
}

let sentBefore = 0;

/** Has the stretch compared, as the command line does. @param during done once the topic has been read. */
export async function compare(scene: Scene, during: () => void | Promise<void> = () => undefined) {
  const { cluster, clock, config } = scene;
  const { port } = cluster.process(async () => undefined, clock);
  const shard = port.shardOf("contoso");
  const { state: before } = await port.readState(shard, never);
  const range = { fromMs: FROM_MS, untilMs: UNTIL_MS };
  const of = { config, scan: config.scans[0]!, field: "created" as const, kafka: port, clock, shard, ...range };
  const comparison = new IdComparison({ ...of, tell: () => undefined });
  await comparison.begin(before, never);
  await during();
  const id = `ids${++sentBefore}`;
  const head = { version: 1, id, at: new Date(UNTIL_MS).toISOString(), by: "test", scan: "contoso-all" } as const;
  const command = encodeCommand({ ...head, action: "verify_add", ...range });
  const offset = await port.sendCommand(shard, commandKey(id), command, never);
  const job = jobName({ origin: "verify", ageMs: null, whole: range });
  const onShown = (value: Buffer) => comparison.onShown(value);
  const followed = { kafka: port, scan: "contoso-all", job, shard, offset, before, onTenth: () => undefined, onShown };
  const done: ComparedIds[] = [];
  const failed: unknown[] = [];
  const ending = followVerify(followed, never)
    .then(({ job: ended }) => comparison.end(ended, never))
    .then(
      (report) => (report.kind === "compared" ? done.push(report) : failed.push(report.reason)),
      (error: unknown) => failed.push(error),
    );
  await clock.runUntil(() => done.length + failed.length > 0, 50_000);
  await ending;
  return {
    report: done[0]!,
    failure: failed[0],
    comparison,
    place: { config, scan: config.scans[0]!, kafka: port, shard },
  };
}

/** Sorted. */
export const ids = (list: { readonly listed: readonly { readonly id: string }[] }) =>
  list.listed.map(({ id }) => id).sort();
/** They are gone at the tenant. */
export const remove = (scene: Scene, ...gone: readonly string[]) => {
  for (const id of gone) {
    const at = scene.tenant.activities.findIndex((each) => each.id === id);
    scene.tenant.activities.splice(at, 1);
  }
};
const records = (scene: Scene) => scene.cluster.topic(SIM_TOPIC)!.logs;
/** Takes a published record out of the topic, as whoever may delete records does. */
export function lose(scene: Scene, key: string): void {
  for (const log of records(scene)) {
    const at = log.findIndex((each) => String(each.key) === key);
    if (at >= 0) log[at] = { ...log[at]!, headers: {} };
  }
}

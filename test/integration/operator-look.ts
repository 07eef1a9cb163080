import { expect, onTestFinished } from "vitest";
import type { LiveConnector } from "../real/live-connector.ts";
import { eventually, startConnector } from "../real/process.ts";
import { run } from "./cli-setup.ts";

const BUILT = { built: true };

/** What an operator is told of a connector that runs and is caught up, by `status` and `plan`. */
export async function lookAt(live: LiveConnector): Promise<void> {
  const config = ["-c", live.configFile];
  const told = await run(["status", ...config], BUILT);
  expect(told.code, told.out).toBe(0);
  expect(told.out).toMatch(/^shards owned: \d/m);
  expect(told.out).toMatch(/^SCAN +TENANT +STATE .*\nall +contoso +(idle|reading) +created +20\S+Z +\d+ s /m);
  expect(told.out).toMatch(/^contoso +\d+ of \d+ +\d+ +0 +-?0\.\d s/m);
  const json = await run(["status", "--url", `http://127.0.0.1:${live.port}`, "--output", "json"], BUILT);
  const scan = (await live.status())?.scans[0];
  expect(JSON.parse(json.out)).toMatchObject({ scans: [{ scan: "all", settledUntil: scan?.settledUntil }] });
  await watch(live);
  const planned = await run(["plan", ...config, "--backfill", "1d", "--output", "json"], BUILT);
  expect(planned.code, planned.out).toBe(0);
  const [estimate] = JSON.parse(planned.out) as { needs: number; caughtUpAt: string; scans: object[] }[];
  expect(estimate).toMatchObject({ scans: [{ scan: "all", rate: { from: "ledger" }, jobRequests: 0 }] });
  expect(Date.parse(estimate?.caughtUpAt ?? "")).toBeGreaterThan(Date.now() - 60_000);
}

async function watch(live: LiveConnector): Promise<void> {
  const args = ["status", "-c", live.configFile, "--watch", "--interval", "200ms"];
  const watching = startConnector(args, { name: "cli-status-watch", ...BUILT });
  onTestFinished(async () => void (await watching.kill9()));
  const blocks = () => watching.log().match(/^20\S+Z\nmdca-kafka-source .*up /gm)?.length ?? 0;
  await eventually(() => blocks() >= 2, 30_000, "two blocks");
  watching.signal("SIGINT");
  expect(await watching.exited).toMatchObject({ code: 130 });
  // No terminal: nothing is redrawn.
  expect(watching.log()).not.toContain("\u001b");
}

/** Nobody answers there. */
export async function findNobody(live: LiveConnector): Promise<void> {
  const { code, out } = await run(["status", "-c", live.configFile], BUILT);
  expect({ code, out }).toEqual({
    code: 1,
    out: expect.stringMatching(
      /no connector answers at http:\/\/127\.0\.0\.1:\d+\/status: .*ECONNREFUSED.*is it running/,
    ),
  });
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { say } from "../../real/checkers.ts";
import { root } from "../../real/process.ts";

const unit = join(root, "deploy/systemd/mdca-kafka-source.service");
/** `systemd-analyze security`: 0 is shut, 10 open; without any of the unit's restrictions it is 9.6. */
const EXPOSURE_MAX = 1.5;

test("systemd understands the unit, and finds little left open", async (context) => {
  const verified = await say("systemd-analyze", ["verify", unit]);
  if (verified.code === 127) context.skip("no systemd-analyze on this machine");
  expect(verified).toEqual({ code: 0, out: "", err: "" });
  const security = await say("systemd-analyze", ["security", "--offline=true", "--no-pager", unit]);
  const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(security.out)?.[1];
  expect(Number(exposure)).toBeLessThanOrEqual(EXPOSURE_MAX);
});

test("a wrong configuration is not tried again, a stop counts as one, and is given its 10 s", () => {
  const text = readFileSync(unit, "utf8");
  const value = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(text)?.[1];
  expect(value("RestartPreventExitStatus")).toBe("2");
  expect(value("SuccessExitStatus")).toBe("143");
  expect(value("ExecReload")).toBe("/bin/kill -HUP $MAINPID");
  expect(Number.parseInt(value("TimeoutStopSec") ?? "", 10)).toBeGreaterThan(10);
});

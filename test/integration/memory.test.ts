import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ensureBuilt } from "../real/built.ts";
import { startLive, untilCaughtUp } from "../real/live-connector.ts";
import { startDownstream, startMock } from "../real/stack.ts";

const LIMIT_MB = 300;
const ACTIVITIES = 50_000;

/** The most memory that a process ever occupied, as the kernel counts it. */
function peakRssMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1_024;
}

test.skipIf(process.platform !== "linux").each(["gzip", "none"])(
  `pages of 5,000 activities (23 MB) keep the process under ${LIMIT_MB} MB, compression %s`,
  async (compression) => {
    await ensureBuilt();
    await using downstream = await startDownstream();
    // Dense enough that an hour, which the tail takes at once while behind, fills its pages.
    const backlog = ["--backlog", String(ACTIVITIES), "--backlog-span", "5h"];
    await using mock = await startMock([...backlog, "--request-limit", "100000"], { built: true });
    await using connector = await startLive({
      tenantUrl: mock.url,
      bootstrap: downstream.bootstrap,
      registry: downstream.registry,
      topic: "memory",
      requestsPerMinute: 3_000,
      pageSize: 5_000,
      logLevel: "debug",
      flags: ["--set", `kafka.compression=${compression}`],
    });
    await connector.ready();
    const idleMb = peakRssMb(connector.process.pid);
    await untilCaughtUp(connector, { deadlineMs: 180_000 });
    const peakMb = peakRssMb(connector.process.pid);
    const largest = Math.max(...connector.log.of("request_answered").map((line) => Number(line["bodyBytes"])));
    const published = (await connector.status())?.scans[0]?.counts.published;
    console.log(JSON.stringify({ compression, peakMb, idleMb, largestPageMb: largest / 1e6, published }));

    expect(published).toBe(ACTIVITIES);
    // Not vacuous: the pages were as large as they get.
    expect(largest).toBeGreaterThan(20_000_000);
    expect(peakMb).toBeLessThan(LIMIT_MB);
  },
  300_000,
);

/**
 * What the connector does a second, and what it costs, beside its parts, and what many quiet tenants cost; what
 * `make bench` calls. Takes nine minutes. BENCH_ACTIVITIES=… for another size, BENCH_PROFILE=1 for CPU profiles of the
 * full path.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { machine } from "../real/machine.ts";
import { root } from "../real/process.ts";
import { fleetLine, measureFleet } from "./fleet.ts";
import { table } from "./report.ts";
import { runBench } from "./run-bench.ts";
import { scrapeCost, scrapeLine } from "./scrape.ts";

const results = join(root, "test-results");
mkdirSync(results, { recursive: true });
const on = machine(["src", "test/bench"]);
const result = await runBench({
  activities: Number(process.env["BENCH_ACTIVITIES"] ?? "100000"),
  pageSize: 5_000,
  pages: 2,
  repeats: 3,
  profileDir: process.env["BENCH_PROFILE"] === undefined ? null : results,
  say: (line) => process.stderr.write(`${line}\n`),
});
const scrapes = [await scrapeCost(500, 50), await scrapeCost(500, 500)];
process.stderr.write("500 quiet tenants …\n");
const setting = { tenants: 500, aMinute: 10, pollInterval: "10s", measuredMs: 60_000 };
const fleets = await measureFleet(setting, [[], ["2m", "24h"]]);
const all = { machine: on, ...result, scrapes, fleets };
writeFileSync(join(results, "bench.json"), `${JSON.stringify(all, null, 2)}\n`);
const lines = [...scrapes.map(scrapeLine), "", ...fleets.flatMap(fleetLine)];
process.stdout.write(`\n${table(result, on)}\n\n${lines.join("\n")}\n\nresults: test-results/bench.json\n`);

/**
 * Each fault seen from outside: the production connector on a virtual clock, its exposition scraped once a minute, the
 * shipped rules in promtool's rule engine; what `make alerts` calls.
 */
import { FAULTS } from "./faults.ts";
import { play, table } from "./play.ts";

const only = process.argv.slice(2);
const results = [];
for (const fault of FAULTS) {
  if (only.length > 0 && !only.some((name) => fault.name.includes(name))) continue;
  results.push(await play(fault));
  process.stderr.write(".");
}
process.stdout.write(`\n${table(results)}\n`);
process.exitCode = results.every((result) => result.wrong.length === 0) ? 0 : 1;

/**
 * What other ways of collecting the same activities lose and repeat, beside this connector: on the same simulated
 * tenant, in virtual time. Prints a table.
 *
 *   node --import tsx test/compare/compare.ts [--seeds 5]
 */
import { parseArgs } from "node:util";
import { compared, tableText } from "./collectors.ts";

const { values } = parseArgs({ options: { seeds: { type: "string", default: "5" } } });
const seeds = Array.from({ length: Number(values.seeds) }, (_, seed) => seed);
console.log(tableText(await compared(seeds), seeds.length));

/**
 * One part, measured in a process of its own; its last line on stdout is the `PartResult`.
 *
 *   node --expose-gc --import tsx test/bench/part.ts '<PartOrder as JSON>'
 */
import { readFileSync } from "node:fs";
import { openPart, type PartName, type PartSetting } from "./parts.ts";
import { peakRssMb, type Sample } from "./usage.ts";

export interface PartOrder {
  readonly part: PartName;
  readonly setting: PartSetting;
  /** Bodies of the pages of one repeat. */
  readonly pageFiles: readonly string[];
  /** Repeats that count, after one that warms up. */
  readonly repeats: number;
}

export interface PartResult {
  readonly samples: readonly Sample[];
  readonly peakRssMb: number;
}

async function measure({ part: name, setting, pageFiles, repeats }: PartOrder): Promise<PartResult> {
  await using part = await openPart(name, setting);
  const samples: Sample[] = [];
  for (let repeat = 0; repeat <= repeats; repeat++) {
    const sum = { activities: 0, wallMs: 0, cpuMicros: 0 };
    for (const [index, file] of pageFiles.entries()) {
      const work = await part.prepare(readFileSync(file), index);
      // What making ready has left behind is not the part's to clean up.
      globalThis.gc?.();
      const cpuBefore = process.cpuUsage();
      const startMs = performance.now();
      sum.activities += await work();
      sum.wallMs += performance.now() - startMs;
      const cpu = process.cpuUsage(cpuBefore);
      sum.cpuMicros += cpu.user + cpu.system;
    }
    if (repeat > 0) samples.push(sum);
  }
  return { samples, peakRssMb: peakRssMb("self") };
}

const result = await measure(JSON.parse(process.argv[2] ?? "") as PartOrder);
process.stdout.write(`\n${JSON.stringify(result)}\n`);
process.exit();

import { type ExportedScan, exportScan } from "../../src/scan/export.ts";
import { importOf } from "../../src/scan/import.ts";
import { giveCommand } from "../fakes/give-command.ts";
import type { MemoryCluster } from "../fakes/memory-kafka.ts";
import type { VirtualClock } from "../fakes/virtual-clock.ts";
import type { Scenario } from "./scenario.ts";
import type { Trace } from "./trace.ts";

interface Parts {
  readonly trace: Trace;
  readonly cluster: MemoryCluster;
  readonly clock: VirtualClock;
}

const never = new AbortController().signal;
const SCAN = "contoso-all";

/** The operator of a run, who pauses the scan and imports older exports of it. */
export class Changing {
  readonly #changes: Scenario["changes"];
  readonly #parts: Parts;
  /** By the place of its import among the changes. */
  readonly #exports = new Map<number, ExportedScan | null>();

  constructor({ changes }: Pick<Scenario, "changes">, parts: Parts) {
    this.#changes = changes;
    this.#parts = parts;
  }

  /** At a request's arrival. */
  arrived(request: number): void {
    for (const [at, change] of this.#changes.entries()) {
      if (change.kind === "import" && change.exportAt === request) this.#exports.set(at, this.#export());
      if (change.request !== request) continue;
      if (change.kind === "pause") void this.#pause(at, change.forMs);
      else this.#import(at);
    }
  }

  async #pause(at: number, forMs: number): Promise<void> {
    const { trace, cluster, clock } = this.#parts;
    trace.mark("paused");
    await giveCommand(cluster, `pause ${at}`, { action: "scan_pause" }, clock.nowMs());
    await clock.sleep(forMs, never);
    await giveCommand(cluster, `resume ${at}`, { action: "scan_resume" }, clock.nowMs());
  }

  #import(at: number): void {
    const { trace, cluster, clock } = this.#parts;
    const exported = this.#exports.get(at) ?? null;
    if (exported === null) return;
    trace.mark("import");
    const exportedAt = new Date(clock.nowMs()).toISOString();
    const head = { id: `import ${at}`, at: exportedAt, by: "test", scan: SCAN };
    const wish = importOf({ scans: [exported], exportedAt, digest: "sha256:0" }, head, false);
    void giveCommand(cluster, head.id, wish, clock.nowMs());
  }

  /** Null: the scan has not begun yet. */
  #export(): ExportedScan | null {
    const { cluster } = this.#parts;
    const shard = cluster.process().port.shardOf("contoso");
    return exportScan({ scan: SCAN, shard, endOffset: 0n, state: cluster.committedState(shard) }, false);
  }
}

import { isoOf } from "../kit/iso.ts";
import type { Event } from "./events.ts";
import type { LogEvent } from "./log-events.ts";
import { type Line, Repeats } from "./repeats.ts";
import { Stages } from "./stages.ts";
import { Troubles } from "./troubles.ts";
import { sliceVerified, verifyDone } from "./verify-lines.ts";

const SKEW_MS = 30_000;

type Of<T extends Event["type"]> = Extract<Event, { readonly type: T }>;

/**
 * Turns events into the few lines that a person should read: starts, stops, owners, decisions, and what goes wrong,
 * once and not in a flood. Everything about single requests and pages is at debug.
 */
export class Narrator {
  readonly #write: (line: Line) => void;
  readonly #repeats: Repeats;
  readonly #troubles: Troubles;
  readonly #stages: Stages;
  readonly #skewed = new Set<string>();
  /** Scans whose silence is suspect. */
  readonly #suspect = new Set<string>();

  constructor(write: (line: Line) => void) {
    this.#write = write;
    this.#repeats = new Repeats(write);
    this.#stages = new Stages(write, this.#repeats);
    this.#troubles = new Troubles(write, this.#repeats);
  }

  record(event: Event, nowMs: number): void {
    switch (event.type) {
      case "connector_started":
      case "stage":
      case "connector_stopping":
      case "shard_opened":
      case "shard_released":
        this.#recordLife(event, nowMs);
        return;
      case "config_reloaded":
      case "config_refused":
        this.#recordReload(event, nowMs);
        return;
      case "request_answered":
        this.#noteSkew(event);
        this.#write(line("debug", `${event.scan}: request answered: ${event.verdict}`, event));
        return;
      case "waited":
      case "budget":
      case "credential":
        this.#write(line("debug", event.type, event));
        return;
      case "field_mismatch":
        this.#offer("field_mismatch", line("warn", fieldMismatch(event), event), nowMs);
        return;
      case "transaction_ended":
        this.#recordTransaction(event, nowMs);
        return;
      default:
        this.#recordScan(event, nowMs);
    }
  }

  warn(message: string, nowMs: number): void {
    this.#offer(`warning ${message}`, { level: "warn", event: "warning", message, fields: {} }, nowMs);
  }

  /** Stages that last are named again, and counts of held-back lines come out. */
  tick(nowMs: number): void {
    this.#stages.tick(nowMs);
    this.#repeats.flush(nowMs, { all: false });
  }

  finish(nowMs: number): void {
    this.#repeats.flush(nowMs, { all: true });
  }

  #recordLife(
    event: Of<"connector_started" | "stage" | "connector_stopping" | "shard_opened" | "shard_released">,
    nowMs: number,
  ): void {
    switch (event.type) {
      case "connector_started":
        this.#write(line("info", `started, version ${event.version}, cursors in ${event.cursorsTopic}`, event));
        return;
      case "connector_stopping":
        this.#write(line(event.failed ? "error" : "info", `stopping: ${event.reason}`, event));
        return;
      case "shard_opened":
        this.#offer(
          `shard ${event.shard} owned`,
          line("info", `shard ${event.shard} owned, tenants ${event.tenants.join(", ")}`, event),
          nowMs,
        );
        return;
      case "shard_released":
        // Whoever is told that it is gone is told that it is back.
        this.#repeats.forget(`shard ${event.shard} owned`);
        this.#write(line("info", `shard ${event.shard} released: ${event.reason}`, event));
        return;
      case "stage":
        this.#stages.enter(event, nowMs);
    }
  }

  #recordReload(event: Of<"config_reloaded" | "config_refused">, nowMs: number): void {
    if (event.type === "config_reloaded") {
      this.#troubles.forget([...event.scans.removed, ...event.scans.changed]);
      this.#write(line("info", `configuration in force: ${describeChanges(event)}`, event));
      return;
    }
    const { reason } = event;
    const message = `the configuration was not taken, the one before goes on: ${reason}`;
    // The same once a minute, another at once.
    this.#offer(`config refused ${reason}`, line("error", message, event), nowMs);
  }

  #recordScan(
    event: Of<
      | "scan_state"
      | "cursor_field_decided"
      | "page_published"
      | "cursor_moved"
      | "anomaly"
      | "recovery_begun"
      | "gap_closed"
      | "command_applied"
      | "slice_verified"
      | "verify_done"
      | "silence"
    >,
    nowMs: number,
  ): void {
    switch (event.type) {
      case "recovery_begun":
        this.#write(line("info", recoveryBegun(event), event));
        return;
      case "command_applied":
        this.#write(line("info", `${event.scan}: command of ${event.by} ${event.outcome}: ${event.message}`, event));
        return;
      case "gap_closed":
        this.#write(line("info", `${event.scan}: gap at ${isoOf(event.fromMs)} closed by ${event.reader}`, event));
        return;
      case "slice_verified":
        this.#recordSlice(event, nowMs);
        return;
      case "verify_done":
        this.#write(line(event.different === 0 ? "info" : "warn", verifyDone(event), event));
        return;
      case "scan_state":
        this.#troubles.enter(event, nowMs);
        return;
      case "silence":
        this.#recordSilence(event);
        return;
      case "cursor_field_decided":
        this.#write(line("info", `${event.scan}: moves along ${event.field}: ${event.reason}`, event));
        return;
      case "cursor_moved":
        this.#troubles.leave(event, nowMs);
        return;
      case "anomaly":
        this.#offer(
          `anomaly ${event.tenant} ${event.scan} ${event.kind}`,
          line("warn", `${event.scan}: the API does what it should not: ${event.kind}: ${event.detail}`, event),
          nowMs,
        );
        return;
      case "page_published":
        this.#recordPage(event, nowMs);
    }
  }

  #recordSlice(event: Of<"slice_verified">, nowMs: number): void {
    const message = sliceVerified(event);
    if (event.verdict !== "different") this.#write(line("debug", message, event));
    else this.#offer(`mismatch ${event.tenant} ${event.scan}`, line("warn", message, event), nowMs);
  }

  #recordSilence(event: Of<"silence">): void {
    const key = `${event.tenant} ${event.scan}`;
    const isSuspect = event.judged?.kind === "suspect";
    const isNews = isSuspect !== this.#suspect.has(key);
    if (isSuspect) this.#suspect.add(key);
    else this.#suspect.delete(key);
    this.#write(line(isNews ? "info" : "debug", silence(event), event));
  }

  #recordPage(page: Of<"page_published">, nowMs: number): void {
    const { ingestionDelaysMs: _, publishLatenciesMs: __, ...fields } = page;
    this.#write(line("debug", `${page.scan}: published ${page.published} of ${page.read}`, fields));
    this.#troubles.leave(page, nowMs);
    if (page.deadLettered === 0) return;
    const message = `${page.scan}: ${page.deadLettered} of a page's activities went to the dead-letter topic`;
    this.#offer(`dead letters ${page.tenant} ${page.scan}`, line("warn", message, fields), nowMs);
  }

  #recordTransaction(event: Of<"transaction_ended">, nowMs: number): void {
    const { shard, result, error } = event;
    if (result === "committed") {
      this.#write(line("debug", `shard ${shard}: transaction committed`, event));
      return;
    }
    const message = `shard ${shard}: transaction ${result}: ${error ?? "no reason given"}`;
    const level = result === "fenced" ? "error" : "warn";
    // Whoever was told the failure is told that the shard is owned again.
    if (this.#offer(`transaction ${shard} ${result}`, line(level, message, event), nowMs)) {
      this.#repeats.forget(`shard ${shard} owned`);
    }
  }

  /** Told once when it begins, and again only after it was well below. */
  #noteSkew({ tenant, skewMs }: Of<"request_answered">): void {
    const size = Math.abs(skewMs ?? 0);
    if (size < SKEW_MS / 2 && skewMs !== null) this.#skewed.delete(tenant);
    if (size < SKEW_MS || this.#skewed.has(tenant)) return;
    this.#skewed.add(tenant);
    const seconds = Math.round((skewMs ?? 0) / 1_000);
    const message = `this machine's clock is ${Math.abs(seconds)} s ${seconds > 0 ? "ahead of" : "behind"} tenant ${tenant}'s`;
    this.#write({ level: "warn", event: "clock_skew", message, fields: { tenant, seconds } });
  }

  #offer(kind: string, offered: Line, nowMs: number): boolean {
    return this.#repeats.offer(kind, offered, nowMs);
  }
}

function line(level: Line["level"], message: string, { type, ...fields }: Readonly<{ type: LogEvent }>): Line {
  return { level, event: type, message, fields };
}

/** `tenants added: fabrikam; scans changed: contoso-all`, or that it is the same. */
function describeChanges({ tenants, scans, secrets }: Of<"config_reloaded">): string {
  const named = (what: string, names: readonly string[]) => (names.length === 0 ? [] : `${what}: ${names.join(", ")}`);
  const parts = [
    ...(["added", "removed", "changed"] as const).flatMap((how) => named(`tenants ${how}`, tenants[how])),
    ...(["added", "removed", "changed"] as const).flatMap((how) => named(`scans ${how}`, scans[how])),
    ...named("secrets changed", secrets),
  ];
  return parts.length === 0 ? "nothing in it has changed for tenants and scans" : parts.join("; ");
}

function recoveryBegun({ scan, behindMs, fromMs }: Of<"recovery_begun">): string {
  const minutes = Math.round(behindMs / 60_000);
  return `${scan}: ${minutes} min behind: goes on at now, and reads from ${isoOf(fromMs)} on beside it`;
}

function fieldMismatch({ field }: Of<"field_mismatch">): string {
  return `field ${field} is of another type than the schema's: null in its place, whole in raw`;
}

function silence({ scan, sinceMs, judged, reason }: Of<"silence">): string {
  if (sinceMs === null) return `${scan}: is not silent: it shows activities`;
  const since = `${scan}: shows nothing since ${isoOf(sinceMs)}`;
  if (judged === null) return since;
  if (judged.kind === "suspect") return `${scan}: suspect: ${reason}`;
  return `${since}, and is idle: a wider query shows ${judged.found}`;
}

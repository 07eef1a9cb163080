import type { Event, ScanState } from "./events.ts";
import type { Line, Repeats } from "./repeats.ts";

const LEVELS: Readonly<Partial<Record<ScanState, Line["level"]>>> = {
  throttled: "info",
  retrying: "warn",
  unauthorized: "error",
  blocked: "error",
};

const WORDS: Readonly<Partial<Record<ScanState, string>>> = {
  throttled: "throttled by the tenant",
  retrying: "trying again",
  unauthorized: "refused by the tenant, trying again slowly; check its credentials and their permission",
  blocked: "blocked until somebody acts",
};

interface Trouble {
  readonly sinceMs: number;
  state: ScanState;
  /** Only what was told has its end told. */
  told: boolean;
}

type Of<T extends Event["type"]> = Extract<Event, { readonly type: T }>;

/** Tells when a scan gets into trouble, what of, and when it moves again; never a line a request. */
export class Troubles {
  readonly #open = new Map<string, Trouble>();
  /** Scans that have been taken up, and have done nothing yet: that their cursor is told proves nothing. */
  readonly #starting = new Set<string>();
  readonly #write: (line: Line) => void;
  readonly #repeats: Repeats;

  constructor(write: (line: Line) => void, repeats: Repeats) {
    this.#write = write;
    this.#repeats = repeats;
  }

  enter(event: Of<"scan_state">, nowMs: number): void {
    const { tenant, scan, state, reason } = event;
    const key = `${tenant} ${scan}`;
    const level = LEVELS[state];
    const open = this.#open.get(key);
    if (state === "starting") this.#starting.add(key);
    else this.#starting.delete(key);
    if (level === undefined) {
      this.#leaveBy(event, nowMs);
      return;
    }
    const trouble = open ?? { sinceMs: nowMs, state: "reading", told: false };
    this.#open.set(key, trouble);
    if (trouble.state === state) return;
    trouble.state = state;
    const message = `${scan}: ${WORDS[state] ?? state}${reason === null ? "" : `: ${reason}`}`;
    const fields = { tenant, scan, state, reason, ...codeOf(event) };
    if (this.#repeats.offer(`${state} ${key}`, { level, event: "scan_state", message, fields }, nowMs))
      trouble.told = true;
  }

  /** A commit proves that the scan moves again. */
  leave({ tenant, scan }: { readonly tenant: string; readonly scan: string }, nowMs: number): void {
    const key = `${tenant} ${scan}`;
    const trouble = this.#open.get(key);
    if (trouble === undefined || this.#starting.has(key)) return;
    this.#open.delete(key);
    if (!trouble.told) return;
    const seconds = Math.round((nowMs - trouble.sinceMs) / 1_000);
    const message = `${scan}: moves again after ${seconds} s (${trouble.state})`;
    this.#write({ level: "info", event: "scan_recovered", message, fields: { tenant, scan, seconds } });
  }

  /** Scans that are no more, or begin anew: whatever was wrong with them is over. Their names are unique. */
  forget(scans: readonly string[]): void {
    for (const key of this.#open.keys()) {
      if (scans.some((scan) => key.endsWith(` ${scan}`))) this.#open.delete(key);
    }
  }

  /** `reading` is only another attempt; `idle` is an end, and so is a stop, which needs no line. */
  #leaveBy(event: Of<"scan_state">, nowMs: number): void {
    if (event.state === "idle") this.leave(event, nowMs);
    if (event.state === "stopped" || event.state === "paused") this.#open.delete(`${event.tenant} ${event.scan}`);
  }
}

function codeOf(event: Of<"scan_state">): { code?: string } {
  return event.code === undefined ? {} : { code: event.code };
}

import type { ScanConfig, Start } from "../../src/config/config.ts";
import type { StepName } from "../fakes/memory-kafka-port.ts";
import type { SimActivity, SimOptions } from "../fakes/sim-tenant.ts";

/** How far back the tail reads, as DESIGN.md promises: said here again, so that a change of it is seen. */
export const OVERLAP_MS = 5_000;

/** The ages of lookbacks that scenarios choose from, the last one the longest; none: the tail reads alone. */
export const LOOKBACK_AGES_MS: readonly (readonly number[])[] = [
  [],
  [120_000],
  [120_000, 1_800_000],
  [15_000, 600_000],
];

/** What is visible by its value plus this has to be published. */
export const guaranteeMs = (agesMs: readonly number[]): number => Math.max(OVERLAP_MS, ...agesMs);

export const REQUESTS_MAX = 300;

/** What a request gets instead of its page, or what is done to its page. */
export const TENANT_FAULTS = [
  "bad-gateway",
  "cut-off",
  "throttled-header",
  "throttled-body",
  "throttled-bare",
  "contract",
  "unauthorized",
  "credentials",
  "rejected",
  "too-large",
  "empty-with-total",
  "empty-with-next",
  "same-again",
] as const;
export type TenantFault = (typeof TENANT_FAULTS)[number];

/** Every point at which a process waits for somebody else. */
export type Point = StepName | "tenant.request" | "tenant.answer";

/** What happens to the process that passes a point. */
export type Act =
  /** The brokers fail there: before they acted or, at a point in `…ed`, after. */
  | { readonly kind: "fail" }
  /** It dies; another one is started after `downMs`. */
  | { readonly kind: "kill"; readonly downMs: number }
  /** It is told to stop, and ends in its own time; another one is started after `downMs`. */
  | { readonly kind: "stop"; readonly downMs: number }
  /** Another one is started at once, and this one, stopped as by SIGSTOP, goes on after `pauseMs`. */
  | { readonly kind: "zombie"; readonly pauseMs: number }
  | { readonly kind: "pause"; readonly pauseMs: number }
  /** Its wall clock jumps. */
  | { readonly kind: "jump"; readonly byMs: number };

/** Happens once, at the `nth` time (from 1, over all processes) that a point is passed. */
export interface Incident {
  readonly point: Point;
  readonly nth: number;
  readonly act: Act;
}

/** At a request; once all is published; or then, with an activity that has shown only after everybody's last age. */
export type VerifyAt = number | "at the end" | "after one too late";

/** A pause, resumed after a while; or an import of what was exported at an earlier request. */
export type Change =
  | { readonly kind: "pause"; readonly request: number; readonly forMs: number }
  | { readonly kind: "import"; readonly request: number; readonly exportAt: number };

/** One whole run, as plain data: the same scenario is played the same way. Times are the server's, epoch ms. */
export interface Scenario {
  readonly seed: number;
  readonly beginMs: number;
  readonly scan: {
    readonly start: Start;
    readonly cursorField: ScanConfig["cursorField"];
    readonly pollIntervalMs: number;
    readonly pageSize: number;
    readonly lookbacksMs: readonly number[];
    readonly catchUp: ScanConfig["catchUp"];
  };
  readonly requestsPerMinute: number;
  readonly tenant: {
    readonly pageCeiling: number;
    readonly next: NonNullable<SimOptions["next"]>;
    readonly descending: boolean;
    readonly ignoreCreated: boolean;
    readonly emptyAtInstant: boolean | "again";
    /** Next filters that are opaque are refused, whatever they are. */
    readonly refusesNext: boolean;
  };
  /** Of a request's way there and of its answer's way back, in turn; empty: no time passes. */
  readonly latenciesMs: readonly number[];
  /** How long the brokers take to end a transaction. */
  readonly commitMs: number;
  /** Local wall clocks minus the server's, at first. */
  readonly skewMs: number;
  readonly activities: readonly SimActivity[];
  readonly faults: readonly { readonly request: number; readonly kind: TenantFault }[];
  readonly incidents: readonly Incident[];
  /** When an operator has all that was read before verified. */
  readonly verifies: readonly VerifyAt[];
  /** What an operator changes, each at a request. */
  readonly changes: readonly Change[];
}

/** The scan's part of the configuration. */
export const scanConfig = (scan: Scenario["scan"]): Partial<ScanConfig> => ({ ...scan });

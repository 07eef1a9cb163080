import type { Verdict } from "../../src/tenant/answer.ts";
import type { SimActivity } from "../fakes/sim-tenant.ts";
import { traffic } from "./activities.ts";
import { BEGIN_MS, MINUTE_MS, type Site, type SiteOptions } from "./site.ts";

/** Healthy before a fault begins. */
export const BEFORE_MINUTES = 60;
/** Watched after it has ended. */
export const AFTER_MINUTES = 30;

export interface Fault {
  readonly name: string;
  /** How long it lasts. */
  readonly minutes: number;
  /** Each alert that must fire, and within how many minutes of the fault's beginning. No other may. */
  readonly alerts: Readonly<Record<string, number>>;
  /** Left out of the short form: it takes long to play. */
  readonly isLong?: boolean;
  readonly site?: Omit<SiteOptions, "activities">;
  /** By default one every ten seconds, from an hour before on. */
  readonly activities?: readonly SimActivity[];
  begin(site: Site): void;
  end(site: Site): void;
  /** Once a minute while it lasts. */
  during?(site: Site): void;
}

const ordinary = (minutes: number) => traffic(-60, BEFORE_MINUTES + minutes + AFTER_MINUTES, 10_000);
export const activitiesOf = (fault: Fault) => fault.activities ?? ordinary(fault.minutes);

/** A tenant that answers so, whatever it is asked, while the fault lasts. */
const answers = (verdict: (nth: number) => Verdict | null) => {
  let nth = 0;
  return {
    begin: ({ mood }: Site) => {
      mood.verdict = () => verdict(nth++);
    },
    end: ({ mood }: Site) => {
      mood.verdict = null;
    },
  };
};
const refused: Verdict = { kind: "unauthorized", reason: "401" };
const unavailable: Verdict = { kind: "retry", reason: "503 Service Unavailable" };
const throttled: Verdict = { kind: "throttled", waitMs: 20_000, hint: "header" };
const empty: Verdict = { kind: "page", hasNext: false, nextFilters: null, total: 0, activities: 0 };
const nothing = () => undefined;

const atOneInstant = (activity: SimActivity): SimActivity => {
  const atMs = BEGIN_MS + BEFORE_MINUTES * MINUTE_MS;
  return { ...activity, id: `crowd-${activity.id}`, createdMs: atMs, dateMs: atMs, visibleMs: atMs };
};

export const FAULTS: readonly Fault[] = [
  {
    name: "nothing to read",
    minutes: 120,
    alerts: {},
    activities: traffic(-60, 50, 10_000),
    begin: nothing,
    end: nothing,
  },
  {
    name: "the tenant shows nothing any more, without an error",
    minutes: 80,
    alerts: { MdcaSourceScanSuspect: 70 },
    ...answers(() => empty),
  },
  { name: "all is well", minutes: 120, isLong: true, alerts: {}, begin: nothing, end: nothing },
  {
    name: "throttled by others",
    minutes: 60,
    alerts: { MdcaSourceThrottledByOthers: 32 },
    ...answers((nth) => (nth % 2 === 0 ? throttled : null)),
  },
  {
    name: "wrong token",
    minutes: 25,
    alerts: { MdcaSourceCredentialsRefused: 5, MdcaSourceFreshnessBurnFast: 23 },
    ...answers(() => refused),
  },
  {
    name: "token not renewed",
    minutes: 25,
    alerts: { MdcaSourceCredentialExpiring: 22 },
    begin: ({ mood, clock }) => {
      const endsMs = clock.nowMs() + 24 * MINUTE_MS;
      mood.credentialExpiresAtMs = () => endsMs;
    },
    end: ({ mood, clock }) => {
      mood.credentialExpiresAtMs = () => clock.nowMs() + 60 * MINUTE_MS;
    },
  },
  {
    name: "tenant down for 25 minutes",
    minutes: 25,
    alerts: { MdcaSourceTenantUnavailable: 13, MdcaSourceFreshnessBurnFast: 23 },
    ...answers(() => unavailable),
  },
  {
    name: "tenant down for two hours",
    isLong: true,
    minutes: 120,
    alerts: {
      MdcaSourceTenantUnavailable: 13,
      MdcaSourceFreshnessBurnFast: 23,
      MdcaSourceFreshnessBurn: 36,
      MdcaSourceFreshnessBurnSlow: 58,
    },
    ...answers(() => unavailable),
  },
  {
    name: "Kafka down",
    minutes: 25,
    alerts: { MdcaSourceShardUnowned: 8, MdcaSourceFreshnessBurnFast: 23 },
    begin: (site) => {
      site.kafkaDown = true;
    },
    end: (site) => {
      site.kafkaDown = false;
    },
  },
  {
    name: "registry down at a restart",
    minutes: 25,
    alerts: { MdcaSourceShardUnowned: 8, MdcaSourceFreshnessBurnFast: 23 },
    begin: (site) => {
      site.registryDown = true;
      site.crash();
    },
    end: (site) => {
      site.registryDown = false;
    },
  },
  {
    name: "stuck cursor",
    minutes: 25,
    alerts: { MdcaSourceCursorStuck: 18, MdcaSourceFreshnessBurnFast: 23, MdcaSourceGapOpen: 30 },
    begin: ({ mood }) => {
      mood.spoil = ({ filters }, verdict) =>
        verdict.kind === "page" ? { ...verdict, hasNext: true, nextFilters: filters } : verdict;
    },
    end: ({ mood }) => {
      mood.spoil = null;
    },
  },
  {
    name: "filters refused",
    minutes: 25,
    alerts: { MdcaSourceScanBlocked: 8, MdcaSourceFreshnessBurnFast: 23 },
    ...answers(() => ({ kind: "rejected", reason: "400 Bad Request" })),
  },
  {
    name: "the tenant hangs",
    minutes: 25,
    alerts: { MdcaSourceNothingAdvancing: 22, MdcaSourceFreshnessBurnFast: 23 },
    begin: ({ mood }) => {
      mood.hangs = true;
    },
    end: (site) => {
      site.mood.hangs = false;
      site.crash();
    },
  },
  {
    name: "connector killed",
    minutes: 12,
    alerts: { MdcaSourceAbsent: 7, MdcaSourceDown: 7 },
    begin: (site) => site.kill(),
    end: (site) => site.start(),
  },
  {
    name: "crash loop",
    minutes: 30,
    alerts: { MdcaSourceRestarting: 20 },
    begin: nothing,
    during: (site) => {
      if (Math.round(site.minute) % 3 === 0) site.crash();
    },
    end: nothing,
  },
  {
    name: "fenced twin",
    minutes: 30,
    alerts: { MdcaSourceFencedRepeatedly: 12 },
    begin: (site) => site.startApart("b:9464"),
    end: (site) => site.remove("b:9464"),
  },
  {
    name: "a replica comes, is killed, and comes again",
    minutes: 30,
    alerts: {},
    begin: (site) => site.start("b:9464"),
    during: (site) => {
      if (Math.round(site.minute) === BEFORE_MINUTES + 10) site.crash("b:9464");
      if (Math.round(site.minute) === BEFORE_MINUTES + 20) site.crash("a:9464");
    },
    end: (site) => site.remove("b:9464"),
  },
  {
    name: "a configuration that is refused",
    minutes: 30,
    alerts: { MdcaSourceConfigRefused: 18 },
    begin: (site) => site.tells({ type: "config_refused", cause: "file", reason: "1 problem" }),
    end: (site) => {
      const none = { added: [], removed: [], changed: [] };
      const atMs = site.clock.nowMs();
      site.tells({ type: "config_reloaded", cause: "file", atMs, tenants: none, scans: none, secrets: [] });
    },
  },
  {
    name: "clock skew",
    minutes: 30,
    alerts: { MdcaSourceClockSkew: 13 },
    begin: (site) => {
      site.skewMs = 120_000;
    },
    end: (site) => {
      site.skewMs = 0;
    },
  },
  {
    name: "gap",
    minutes: 30,
    alerts: { MdcaSourceGapOpen: 20 },
    // More at one instant than a page holds, and nothing to tell them apart by.
    activities: [...ordinary(30), ...traffic(BEFORE_MINUTES, BEFORE_MINUTES + 1, 100).map(atOneInstant)],
    begin: nothing,
    end: nothing,
  },
  {
    name: "shown after the last age",
    minutes: 40,
    alerts: { MdcaSourceLedgerMismatch: 34 },
    // Its hour is settled a quarter of an hour after its end.
    activities: [
      ...ordinary(40),
      ...traffic(30, 31, 60_000, (activity) => ({
        ...activity,
        id: "too late",
        visibleMs: BEGIN_MS + (BEFORE_MINUTES + 28) * MINUTE_MS,
      })),
    ],
    begin: nothing,
    during: (site) => {
      if (Math.round(site.minute) === BEFORE_MINUTES + 30) site.verify();
    },
    end: nothing,
  },
  {
    name: "late storm",
    minutes: 90,
    alerts: { MdcaSourceLateStorm: 60 },
    activities: traffic(-60, 180, 10_000, (activity, nth) =>
      nth >= 720 && nth < 1_260 && nth % 3 !== 0
        ? { ...activity, visibleMs: activity.createdMs + 5 * MINUTE_MS }
        : activity,
    ),
    begin: nothing,
    end: nothing,
  },
  {
    name: "dead letters",
    minutes: 10,
    alerts: { MdcaSourceDeadLetters: 5 },
    activities: traffic(-60, 160, 10_000, (activity, nth) =>
      nth >= 720 && nth < 730 ? { ...activity, body: Buffer.from(`{"created":${activity.createdMs}}`) } : activity,
    ),
    begin: nothing,
    end: nothing,
  },
  {
    name: "more than the budget can read",
    isLong: true,
    minutes: 120,
    alerts: {
      MdcaSourceFreshnessBurnFast: 40,
      MdcaSourceFreshnessBurn: 50,
      MdcaSourceBudgetExhausted: 70,
      MdcaSourceFreshnessBurnSlow: 75,
    },
    site: { requestsPerMinute: 6, pageCeiling: 10 },
    activities: [...traffic(-60, BEFORE_MINUTES, 60_000), ...traffic(BEFORE_MINUTES, 210, 1_000)],
    begin: nothing,
    end: nothing,
  },
  {
    name: "memory limit",
    isLong: true,
    minutes: 200,
    alerts: { MdcaSourceMemoryLimit: 170, MdcaSourceGapOpen: 190 },
    site: {
      config: { memory: { pagesBytes: 64 * 1024 * 1024, idsBytes: 72 * 1024 } },
      scan: { lookbacksMs: [2 * MINUTE_MS, 24 * 60 * MINUTE_MS] },
    },
    activities: [...traffic(-60, BEFORE_MINUTES, 60_000), ...traffic(BEFORE_MINUTES, 290, 3_000)],
    begin: nothing,
    end: nothing,
  },
];

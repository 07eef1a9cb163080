import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes } from "yargs";
import type { Config, ScanConfig } from "../config/config.ts";
import { parseDurationMs } from "../config/units.ts";
import { agesOf } from "../connector/ages.ts";
import { systemClock } from "../kit/clock.ts";
import { jobsOf } from "./backfill-jobs.ts";
import type { CommandContext } from "./cli.ts";
import { targetOf } from "./command-plan.ts";
import { basisOf, failOn } from "./command-run.ts";
import { chosen, proveTopic, readStates, type ScanState } from "./cursor-state.ts";
import { viewOf } from "./cursor-view.ts";
import { estimateTenant, rateOf, type ScanBasis, type TenantEstimate } from "./plan-estimate.ts";
import { planReport } from "./plan-report.ts";
import { configOptions, connectKafka, readConfig } from "./wiring.ts";

const options = {
  ...configOptions,
  scan: { type: "string", describe: "only this scan" },
  "activities-per-second": { type: "number", describe: "instead of what the ledger says; then no broker is asked" },
  "page-size": { type: "number", describe: "activities that a page brings, as probe found it; default: as configured" },
  lookbacks: { type: "string", describe: "ages instead of the configured ones: 2m,24h; none: no lookbacks" },
  "poll-interval": { type: "string", describe: "instead of the configured one" },
  "requests-per-minute": { type: "number", describe: "budget of each tenant instead of the configured one" },
  backfill: { type: "string", describe: "how far back to read beside all else: 30d" },
  output: { choices: ["table", "json"] as const, default: "table" as const, describe: "how to print it" },
} as const;

type Flags = InferredOptionTypes<typeof options>;

/** `plan`: what the readers need of the budget, and how long a backfill takes beside them. */
export function planCommand({ signal, done }: CommandContext): CommandModule<object, Flags> {
  return {
    command: "plan",
    describe: "what tail and lookbacks need of the budget, what a backfill costs, and when it will be caught up",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 plan -c mdca.yaml --backfill 30d", "by what the ledger knows")
        .example("$0 plan -c mdca.yaml --activities-per-second 40", "by a number: no broker is asked")
        .example("$0 plan --activities-per-second 40 --page-size 500 --lookbacks 2m,24h", "without a configuration")
        .example("$0 plan -c mdca.yaml --output json", "for programs")
        .epilogue("Exits 1 when the readers of a tenant need more than its budget."),
    handler: async (args: ArgumentsCamelCase<Flags>) => done(await plan(args, signal)),
  };
}

/** Flags as numbers; null: not given. */
interface Given {
  readonly perSecond: number | null;
  readonly pageSize: number | null;
  readonly agesMs: readonly number[] | null;
  readonly pollIntervalMs: number | null;
  readonly requestsPerMinute: number | null;
  readonly backfillMs: number | null;
}

async function plan(args: ArgumentsCamelCase<Flags>, signal: AbortSignal): Promise<number> {
  const given = readGiven(args);
  const nowMs = systemClock.nowMs();
  const tenants = await estimates(args, given, nowMs, signal);
  const text =
    args.output === "json"
      ? JSON.stringify(
          tenants.map((each) => forPrograms(each, nowMs)),
          null,
          2,
        )
      : null;
  process.stdout.write(`${text ?? planReport(tenants, nowMs).join("\n")}\n`);
  return tenants.some(({ free }) => free < 0) ? 1 : 0;
}

const forPrograms = (estimate: TenantEstimate, nowMs: number): object => ({
  ...estimate,
  caughtUpAt: estimate.minutes === null ? null : new Date(nowMs + estimate.minutes * 60_000).toISOString(),
});

async function estimates(args: Flags, given: Given, nowMs: number, signal: AbortSignal): Promise<TenantEstimate[]> {
  if (args.config === undefined && args.set.length === 0) return [estimateTenant(...withoutConfig(given, nowMs))];
  const { config } = readConfig(args);
  const scans = chosen(config, args.scan);
  const bases = await basesOf(config, scans, given, nowMs, signal);
  return config.tenants.flatMap(({ name, requestsPerMinute }) => {
    const own = bases.filter(({ tenant }) => tenant === name);
    if (own.length === 0) return [];
    const budget = given.requestsPerMinute ?? requestsPerMinute;
    return [estimateTenant({ tenant: name, requestsPerMinute: budget }, own)];
  });
}

type TenantBasis = ScanBasis & { readonly tenant: string };

/** The budget and page size of a tenant, and the readers of a scan, of which nothing is said. */
const UNSAID = { requestsPerMinute: 20, pageSize: 5_000, pollIntervalMs: 10_000 };

function withoutConfig(given: Given, nowMs: number): Parameters<typeof estimateTenant> {
  if (given.perSecond === null) failOn(["give --config FILE, or --activities-per-second and what else is known"]);
  const { requestsPerMinute, pageSize, pollIntervalMs } = UNSAID;
  const scan = {
    name: "scan",
    tenant: "tenant",
    pageSize,
    pollIntervalMs,
    lookbacksMs: null,
    cursorField: "auto",
  } as const;
  const tenant = { tenant: scan.tenant, requestsPerMinute: given.requestsPerMinute ?? requestsPerMinute };
  return [tenant, [basisByNumbers(scan, given, nowMs)]];
}

async function basesOf(
  config: Config,
  scans: readonly ScanConfig[],
  given: Given,
  nowMs: number,
  signal: AbortSignal,
): Promise<TenantBasis[]> {
  if (given.perSecond !== null) return scans.map((scan) => basisByNumbers(scan, given, nowMs));
  await using kafka = connectKafka(config);
  await proveTopic(config, kafka, signal);
  const states = await readStates(scans, kafka, signal);
  return states.map((state) => basisByLedger(config, state, given, nowMs));
}

type ScanLoad = Pick<ScanConfig, "name" | "tenant" | "pageSize" | "pollIntervalMs" | "lookbacksMs" | "cursorField">;

function basisByNumbers(scan: ScanLoad, given: Given, nowMs: number): TenantBasis {
  const rate = { perSecond: given.perSecond ?? 0, from: "given", hours: 0 } as const;
  const field = scan.cursorField === "date" ? "date" : "created";
  return {
    scan: scan.name,
    tenant: scan.tenant,
    rate,
    load: {
      pageSize: given.pageSize ?? scan.pageSize,
      pollIntervalMs: given.pollIntervalMs ?? scan.pollIntervalMs,
      agesMs: given.agesMs ?? agesOf(scan, field),
    },
    ledgers: [],
    behindMs: 0,
    jobRequests: 0,
    backfill: given.backfillMs === null ? null : { fromMs: nowMs - given.backfillMs, untilMs: nowMs },
  };
}

/** Behind by less is no more than polls. */
const BEHIND_MIN_SECONDS = 60;

function basisByLedger(config: Config, { scan, shard, state }: ScanState, given: Given, nowMs: number): TenantBasis {
  const target = targetOf(basisOf(config, scan), state);
  const lagSeconds = viewOf(scan, shard, state, nowMs).cursor?.lagSeconds ?? 0;
  const jobs = jobsOf(target, state).filter((job) => job.state === "running");
  const cursorField = target.cursorField ?? scan.cursorField;
  return {
    ...basisByNumbers({ ...scan, cursorField }, given, nowMs),
    rate: rateOf(target.basis.ledgers, target),
    ledgers: target.basis.ledgers,
    behindMs: lagSeconds < BEHIND_MIN_SECONDS ? 0 : lagSeconds * 1_000,
    jobRequests: jobs.reduce((sum, { leftCost }) => sum + (leftCost?.requests ?? 0), 0),
  };
}

/** @throws ConnectorError `config_invalid` with every wrong flag. */
function readGiven(args: Flags): Given {
  const problems: string[] = [];
  const number = (flag: string, value: number | undefined, least: number): number | null => {
    if (value === undefined) return null;
    if (!(value >= least)) problems.push(`--${flag}: found ${value}; allowed: a number from ${least}`);
    return value;
  };
  const duration = (flag: string, text: string): number => {
    const ms = parseDurationMs(text);
    if (ms === null || ms === 0)
      problems.push(`--${flag}: found "${text}"; allowed: a duration such as 10s, 2m or 30d`);
    return ms ?? 1;
  };
  const { lookbacks, backfill, pollInterval } = args as ArgumentsCamelCase<Flags>;
  const ages = lookbacks === undefined ? null : lookbacks === "none" ? [] : lookbacks.split(",");
  const given = {
    perSecond: number("activities-per-second", args["activities-per-second"], 0),
    pageSize: number("page-size", args["page-size"], 2),
    agesMs: ages?.map((age) => duration("lookbacks", age.trim())).sort((a, b) => a - b) ?? null,
    pollIntervalMs: pollInterval === undefined ? null : duration("poll-interval", pollInterval),
    requestsPerMinute: number("requests-per-minute", args["requests-per-minute"], 2),
    backfillMs: backfill === undefined ? null : duration("backfill", backfill),
  };
  return problems.length > 0 ? failOn(problems) : given;
}

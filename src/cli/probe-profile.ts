import { readFileSync, writeFileSync } from "node:fs";
import { configInvalid, describeError } from "../kit/errors.ts";
import type { FaultName, MockTenantOptions } from "../mock-tenant/settings.ts";
import { settingsProblems } from "../mock-tenant/settings-check.ts";
import type { Findings } from "./probe-findings.ts";

const VERSION = 1;
/** Who may ask, and where: whoever plays a profile that others made decides that alone. */
const NOT_BEHAVIOUR: readonly string[] = [
  "host",
  "port",
  "tokens",
  "tokenFile",
  "forbiddenTokens",
  "clientId",
  "clientSecret",
  "directoryId",
];
/** As many activities wait at the start as it takes to have pages cut, whatever the limit. */
const BACKLOG = 12_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LATE_MIN_MS = 60_000;
/** More than the whole seconds of a `Date` header, and a clock that is set by the network. */
const SKEW_MIN_SECONDS = 2;

/** The settings that make a mock tenant behave as was found; what was not seen keeps the mock tenant's own. */
export const profileOf = (found: Findings): MockTenantOptions => ({
  ...trafficOf(found),
  ...delaysOf(found),
  ...pagingOf(found),
  ...crowdsOf(found),
  ...transportOf(found),
  faults: faultsOf(found),
});

function pagingOf(found: Findings): MockTenantOptions {
  const { honoured, nextFilters, editedNextFilters, pageCeiling, wholeSecond } = found;
  return {
    ...(honoured.created === false ? { ignoreCreated: true } : {}),
    ...(nextFilters === null ? {} : { nextFilters }),
    ...(editedNextFilters === "refused" ? { refuseEditedFilters: true } : {}),
    ...(pageCeiling === null || pageCeiling.atMost === null ? {} : { pageCeiling: pageCeiling.atLeast }),
    ...(wholeSecond === "empty" ? { emptyOnWholeSecond: true } : {}),
  };
}

function crowdsOf({ overfull, instants }: Findings): MockTenantOptions {
  return {
    ...(overfull === null ? {} : { tieOverflow: overfull }),
    ...(instants === null || instants.most < 2 ? {} : { tieShare: instants.tiedShare, tieSize: instants.most }),
  };
}

function transportOf(found: Findings): MockTenantOptions {
  const { envelope, compression, clockSkewSeconds, throttled, answerMs } = found;
  const skew = clockSkewSeconds ?? 0;
  return {
    ...(envelope === "before" ? { envelope } : {}),
    ...(compression === null || compression === "none" ? {} : { compress: true }),
    ...(Math.abs(skew) < SKEW_MIN_SECONDS ? {} : { clockSkewMs: skew * 1_000 }),
    ...(throttled === null ? {} : { throttleShape: throttled }),
    latencyMs: answerMs.least,
  };
}

function trafficOf({ activities }: Findings): MockTenantOptions {
  const { seen, perHour } = activities;
  if (perHour === null) return {};
  const backlog = seen < 500 ? seen : BACKLOG;
  const spanMs = Math.min(30 * DAY_MS, Math.max(1_000, Math.round((backlog * HOUR_MS) / Math.max(1, perHour))));
  return { backlog, backlogSpanMs: spanMs, rate: perHour / 3_600 };
}

function delaysOf({ delays, late }: Findings): MockTenantOptions {
  const shown =
    late === null || late.found === 0
      ? {}
      : { lateVisibleShare: late.found / late.of, lateVisibleMaxMs: Math.max(LATE_MIN_MS, 2 * late.atLeastMs) };
  if (delays === null) return shown;
  const { leastMs, usualMostMs, slowShare, mostMs } = delays;
  // What is saved before it happened is a clock's fault; the mock tenant does not play it.
  const usual = { savingDelayMinMs: Math.max(0, leastMs), savingDelayMaxMs: Math.max(0, usualMostMs), ...shown };
  return slowShare === 0 ? usual : { ...usual, slowSavingShare: slowShare, slowSavingMaxMs: Math.max(0, mostMs) };
}

/** Faults that came each time that they could. */
function faultsOf({ order, boundary, lastPage, emptyPages }: Findings): Partial<Record<FaultName, number>> {
  return {
    ...(order.asc === "desc" ? { descending: 1 } : {}),
    ...(boundary === "repeated" ? { duplicate: 1 } : {}),
    ...(lastPage === "hidden" ? { "empty-last": 1 } : {}),
    ...(emptyPages === true ? { "empty-page": 1 } : {}),
  };
}

/** @throws ConnectorError `config_invalid` when the file cannot be written. */
export function writeProfile(file: string, profile: MockTenantOptions): void {
  try {
    writeFileSync(file, `${JSON.stringify({ version: VERSION, settings: profile }, null, 2)}\n`);
  } catch (error) {
    throw configInvalid(`--profile: cannot write ${file}: ${describeError(error)}`);
  }
}

/** @throws ConnectorError `config_invalid` with every problem of the file. */
export function readProfile(file: string): MockTenantOptions {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw configInvalid(`--profile: cannot read ${file}: ${describeError(error)}`);
  }
  const { version, settings } = (json ?? {}) as { version?: unknown; settings?: unknown };
  if (version !== VERSION || typeof settings !== "object" || settings === null || Array.isArray(settings)) {
    throw configInvalid(`--profile: ${file} is no profile of version ${VERSION}, as probe --profile writes it`);
  }
  const foreign = Object.keys(settings).filter((name) => NOT_BEHAVIOUR.includes(name));
  const problems = [
    ...settingsProblems(settings as Record<string, unknown>, false),
    ...foreign.map((name) => `${name}: no profile's matter; give it as a flag`),
  ];
  if (problems.length > 0) throw configInvalid(problems.map((problem) => `--profile: ${file}: ${problem}`).join("\n"));
  return settings as MockTenantOptions;
}

import {
  FAULTS,
  MOCK_TENANT_DEFAULTS,
  type MockTenantOptions,
  type MockTenantSettings,
  NEXT_FILTERS_SHAPES,
  STORIES,
  THROTTLE_SHAPES,
  TIE_OVERFLOWS,
} from "./settings.ts";

type Rule = (value: unknown) => string | null;

const number =
  (min: number, max: number): Rule =>
  (value) =>
    typeof value === "number" && value >= min && value <= max ? null : `a number from ${min} to ${max}`;

const whole =
  (min: number, max: number): Rule =>
  (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? null
      : `a whole number from ${min} to ${max}`;

const oneOf =
  (choices: readonly unknown[]): Rule =>
  (value) =>
    choices.includes(value) ? null : `one of ${choices.map(String).join(", ")}`;

const orNull =
  (rule: Rule): Rule =>
  (value) => {
    const allowed = value === null ? null : rule(value);
    return allowed === null ? null : `${allowed}, or null`;
  };

const text: Rule = (value) => (typeof value === "string" && value !== "" ? null : "a text");
const flag: Rule = (value) => (typeof value === "boolean" ? null : "true or false");
const share = number(0, 1);
const duration = number(0, 366 * 86_400_000);

const texts: Rule = (value) =>
  Array.isArray(value) && value.every((member) => text(member) === null) ? null : "a list of texts";

const faultNames: Rule = (value) =>
  Array.isArray(value) && value.every((member) => oneOf(FAULTS)(member) === null)
    ? null
    : `a list of ${FAULTS.join(", ")}`;

const storyNames: Rule = (value) =>
  Array.isArray(value) && value.every((member, at) => oneOf(STORIES)(member) === null && value.indexOf(member) === at)
    ? null
    : `a list of ${STORIES.join(", ")}, each at most once`;

const probabilities: Rule = (value) =>
  typeof value === "object" &&
  value !== null &&
  Object.entries(value).every(([name, at]) => oneOf(FAULTS)(name) === null && share(at) === null)
    ? null
    : `an object of probabilities by fault: ${FAULTS.join(", ")}`;

/** The most activities a mock tenant holds. */
export const ACTIVITIES_MAX = 5_000_000;

/** Within it 300 downloads are a flood, and no aeroplane comes from Amsterdam to Tokyo. */
const STORY_SPAN_MAX_MS = 600_000;

const RULES: Readonly<Record<keyof MockTenantSettings, Rule>> = {
  host: text,
  port: whole(0, 65_535),
  seed: whole(0, 0xffff_ffff),
  tokens: texts,
  tokenFile: orNull(text),
  forbiddenTokens: texts,
  clientId: text,
  clientSecret: text,
  directoryId: orNull(text),
  bearerLifeMs: duration,
  backlog: whole(0, ACTIVITIES_MAX),
  backlogSpanMs: duration,
  rate: number(0, 100_000),
  total: orNull(whole(0, ACTIVITIES_MAX)),
  savingDelayMinMs: duration,
  savingDelayMaxMs: duration,
  slowSavingShare: share,
  slowSavingMaxMs: duration,
  lateVisibleShare: share,
  lateVisibleMaxMs: duration,
  tieShare: share,
  tieSize: whole(1, 100_000),
  tieOverflow: oneOf(TIE_OVERFLOWS),
  largeShare: share,
  largeBytes: whole(0, 64 * 1024 * 1024),
  stories: storyNames,
  storyAfterMs: duration,
  storySpanMs: number(0, STORY_SPAN_MAX_MS),
  slim: flag,
  ignoreCreated: flag,
  pageCeiling: orNull(whole(1, 5_000)),
  emptyOnWholeSecond: flag,
  showsNothing: flag,
  nextFilters: oneOf(NEXT_FILTERS_SHAPES),
  refuseEditedFilters: flag,
  envelope: oneOf(["after", "before"]),
  compress: flag,
  requestLimit: orNull(whole(0, 1_000_000)),
  requestWindowMs: number(1, 86_400_000),
  throttleShape: oneOf(THROTTLE_SHAPES),
  foreignPerMinute: number(0, 100_000),
  foreignFromMs: duration,
  foreignUntilMs: orNull(duration),
  faults: probabilities,
  faultsNext: faultNames,
  down: oneOf([false, "refuse", "close"]),
  latencyMs: duration,
  clockSkewMs: number(-366 * 86_400_000, 366 * 86_400_000),
};

/** Settings that shape what exists at the start; changing them later would rewrite history. */
const START_ONLY: readonly string[] = [
  "host",
  "port",
  "seed",
  "backlog",
  "backlogSpanMs",
  "largeShare",
  "largeBytes",
  "stories",
  "storyAfterMs",
  "storySpanMs",
  "slim",
];

/** Every reason why `change` cannot be applied; empty when it can. `running`: settings of the start are refused. */
export function settingsProblems(change: Readonly<Record<string, unknown>>, running: boolean): string[] {
  return Object.entries(change).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (!Object.hasOwn(RULES, name)) return [`${name}: unknown; known are ${Object.keys(RULES).join(", ")}`];
    if (running && START_ONLY.includes(name)) return [`${name}: fixed at the start`];
    const allowed = RULES[name as keyof MockTenantSettings](value);
    return allowed === null ? [] : [`${name}: found ${JSON.stringify(value)}; allowed is ${allowed}`];
  });
}

/**
 * `change` on top of `base`.
 *
 * @throws Error that lists every problem, when `change` cannot be applied.
 */
export function withSettings(
  change: MockTenantOptions,
  base: MockTenantSettings = MOCK_TENANT_DEFAULTS,
  running = false,
): MockTenantSettings {
  const problems = settingsProblems(change, running);
  if (problems.length > 0) throw new Error(`mock tenant settings: ${problems.join("; ")}`);
  return { ...base, ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) };
}

import type { CommandModule, Options } from "yargs";
import { parseDurationMs } from "../config/units.ts";
import { configInvalid } from "../kit/errors.ts";
import {
  FAULTS,
  MOCK_TENANT_DEFAULTS,
  type MockTenantOptions,
  type MockTenantSettings,
  NEXT_FILTERS_SHAPES,
  STORIES,
  THROTTLE_SHAPES,
  TIE_OVERFLOWS,
} from "../mock-tenant/settings.ts";
import { settingsProblems } from "../mock-tenant/settings-check.ts";
import { startMockTenant } from "../mock-tenant/start.ts";
import type { CommandContext } from "./cli.ts";
import { readProfile } from "./probe-profile.ts";

/** A bare number is refused so that nobody has to guess its unit, but for 0; a skew may be negative. */
function durationMs(text: unknown): unknown {
  const amount = String(text);
  if (amount === "0") return 0;
  const ms = parseDurationMs(amount.replace(/^-/, ""));
  return ms === null ? text : amount.startsWith("-") ? -ms : ms;
}

type SettingName = keyof MockTenantSettings;
type Kind = "duration" | "number" | "boolean" | "text" | "texts" | "choice";

interface Flag {
  readonly setting: SettingName;
  readonly kind: Kind;
  readonly group: string;
  readonly text: string;
  readonly choices?: readonly string[];
}

const flag = (group: string, setting: SettingName, kind: Kind, text: string, choices?: readonly string[]): Flag => ({
  setting,
  kind,
  group,
  text,
  ...(choices === undefined ? {} : { choices }),
});

const SERVER = "Server:";
const ACCESS = "Access:";
const ACTIVITIES = "Activities:";
const QUIRKS = "Quirks:";
const LIMIT = "Request limit:";
const FAULT = "Faults (probability of each page, 0 to 1):";

/** Flag names without their dashes; their values become the mock tenant's settings. */
const FLAGS: Readonly<Record<string, Flag>> = {
  port: flag(SERVER, "port", "number", "port to listen on; 0 takes a free one"),
  host: flag(SERVER, "host", "text", "address to listen on; /_truth, /_stats and /_control ask for no token"),
  seed: flag(SERVER, "seed", "number", "the same seed gives the same activities"),
  latency: flag(SERVER, "latencyMs", "duration", "wait before each page"),
  "clock-skew": flag(SERVER, "clockSkewMs", "duration", "how far the tenant's clock is ahead, e.g. --clock-skew=-90s"),
  compress: flag(SERVER, "compress", "boolean", "compress pages as Accept-Encoding allows (br, gzip, deflate)"),
  envelope: flag(SERVER, "envelope", "choice", "envelope fields before or after data", ["after", "before"]),

  token: flag(ACCESS, "tokens", "texts", "accepted API token; repeat for several"),
  "token-file": flag(ACCESS, "tokenFile", "text", "file with one accepted token a line, read at every request"),
  "forbidden-token": flag(ACCESS, "forbiddenTokens", "texts", "token that is known but lacks the permission (403)"),
  "client-id": flag(ACCESS, "clientId", "text", "accepted at POST /<directory>/oauth2/v2.0/token"),
  "client-secret": flag(ACCESS, "clientSecret", "text", "accepted with --client-id"),
  "directory-id": flag(ACCESS, "directoryId", "text", "the only directory served; any by default"),
  "bearer-life": flag(ACCESS, "bearerLifeMs", "duration", "life of an issued bearer token"),

  backlog: flag(ACTIVITIES, "backlog", "number", "activities that wait at the start"),
  "backlog-span": flag(ACTIVITIES, "backlogSpanMs", "duration", "over which they are spread, up to now"),
  rate: flag(ACTIVITIES, "rate", "number", "new activities a second"),
  total: flag(ACTIVITIES, "total", "number", "stop making new ones at this many in all"),
  "saving-delay-min": flag(ACTIVITIES, "savingDelayMinMs", "duration", "least time from happening to saving"),
  "saving-delay-max": flag(ACTIVITIES, "savingDelayMaxMs", "duration", "most time from happening to saving"),
  "slow-saving-share": flag(ACTIVITIES, "slowSavingShare", "number", "share saved far later, 0 to 1"),
  "slow-saving-max": flag(ACTIVITIES, "slowSavingMaxMs", "duration", "how much later at most"),
  "late-visible-share": flag(ACTIVITIES, "lateVisibleShare", "number", "share shown later than saved, 0 to 1"),
  "late-visible-max": flag(ACTIVITIES, "lateVisibleMaxMs", "duration", "how much later at most"),
  "tie-share": flag(ACTIVITIES, "tieShare", "number", "share that comes in groups of one millisecond, 0 to 1"),
  "tie-size": flag(ACTIVITIES, "tieSize", "number", "size of these groups"),
  "large-share": flag(ACTIVITIES, "largeShare", "number", "share padded to --large-bytes, 0 to 1"),
  "large-bytes": flag(ACTIVITIES, "largeBytes", "number", "their least size"),
  story: flag(ACTIVITIES, "stories", "texts", "an attacker among them, told once; repeat for several", STORIES),
  "story-after": flag(ACTIVITIES, "storyAfterMs", "duration", "when the first of a story is saved, from the start"),
  "story-span": flag(ACTIVITIES, "storySpanMs", "duration", "how long a story goes on, at most 10m"),
  slim: flag(ACTIVITIES, "slim", "boolean", "activities of some 200 bytes, not of 4 to 6 KB"),

  "next-filters": flag(QUIRKS, "nextFilters", "choice", "form of nextQueryFilters", NEXT_FILTERS_SHAPES),
  "refuse-edited-filters": flag(QUIRKS, "refuseEditedFilters", "boolean", "400 when next filters come back changed"),
  "ignore-created": flag(QUIRKS, "ignoreCreated", "boolean", "take sorts and filters on created for date"),
  "page-ceiling": flag(QUIRKS, "pageCeiling", "number", "no page is longer, whatever limit asks (100, 500)"),
  "tie-overflow": flag(QUIRKS, "tieOverflow", "choice", "when one ms holds more than a page", TIE_OVERFLOWS),
  "empty-on-whole-second": flag(
    QUIRKS,
    "emptyOnWholeSecond",
    "boolean",
    "a lower bound on a whole second finds nothing",
  ),
  "shows-nothing": flag(QUIRKS, "showsNothing", "boolean", "no query finds anything, without an error"),

  "request-limit": flag(LIMIT, "requestLimit", "number", "requests in any window; refused ones count too"),
  "request-window": flag(LIMIT, "requestWindowMs", "duration", "length of the sliding window"),
  "throttle-shape": flag(LIMIT, "throttleShape", "choice", "where a 429 says how long to wait", THROTTLE_SHAPES),
  "foreign-requests": flag(LIMIT, "foreignPerMinute", "number", "requests a minute of a second client"),
  "foreign-from": flag(LIMIT, "foreignFromMs", "duration", "when it comes, from the start"),
  "foreign-until": flag(LIMIT, "foreignUntilMs", "duration", "when it leaves; never by default"),
};

function yargsOptions(): Record<string, Options> {
  const options: Record<string, Options> = {
    profile: { type: "string", group: SERVER, describe: "behave as probe --profile found; other flags override it" },
  };
  for (const [name, { setting, kind, group, text, choices }] of Object.entries(FLAGS)) {
    const preset = MOCK_TENANT_DEFAULTS[setting];
    options[name] = {
      group,
      describe: preset === null || kind === "texts" ? text : `${text} [${shown(kind, preset)}]`,
      type: kind === "number" || kind === "boolean" ? kind : kind === "texts" ? "array" : "string",
      ...(kind === "texts" ? { string: true } : {}),
      ...(choices === undefined ? {} : { choices }),
    };
  }
  for (const fault of FAULTS)
    options[`fault-${fault}`] = { group: FAULT, describe: FAULT_TEXTS[fault], type: "number" };
  return options;
}

const FAULT_TEXTS: Readonly<Record<(typeof FAULTS)[number], string>> = {
  "500": "status 500",
  "502": "status 502",
  "503": "status 503",
  reset: "connection reset in mid-body",
  truncate: "JSON cut in mid-body, with a clean end",
  hang: "no answer at all",
  stall: "nothing more after half a body",
  html: "HTML with status 200",
  "error-body": "an error's JSON with status 200",
  descending: "newest first although ascending was asked",
  duplicate: "boundary records on this page and the next",
  "empty-page": "no records though hasNext is true",
  "empty-last": "no records on the last page though total counts them",
};

function shown(kind: Kind, preset: unknown): string {
  if (kind !== "duration") return String(preset);
  const seconds = Number(preset) / 1_000;
  return seconds % 3_600 === 0 && seconds > 0 ? `${seconds / 3_600}h` : `${seconds}s`;
}

/** The flags that were given, as settings. @throws ConnectorError `config_invalid` that lists every wrong flag. */
function settingsOf(args: Readonly<Record<string, unknown>>): MockTenantOptions {
  const given = Object.entries(FLAGS).filter(([name]) => args[name] !== undefined);
  const settings: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, { setting, kind }] of given) {
    settings[setting] = kind === "duration" ? durationMs(args[name]) : args[name];
    const found = settingsProblems({ [setting]: settings[setting] }, false);
    const hint = kind === "duration" ? " ms, written as 500ms, 90s, 15m, 12h or 1d" : "";
    problems.push(...found.map((problem) => `--${problem.replace(setting, name)}${hint}`));
  }
  const faults: Record<string, unknown> = {};
  for (const fault of FAULTS) {
    const probability = args[`fault-${fault}`];
    if (probability === undefined) continue;
    faults[fault] = probability;
    if (settingsProblems({ faults: { [fault]: probability } }, false).length === 0) continue;
    problems.push(`--fault-${fault}: found ${String(probability)}; allowed is a number from 0 to 1`);
  }
  if (problems.length > 0) throw configInvalid(problems.join("\n"));
  const profile = args["profile"] === undefined ? {} : readProfile(String(args["profile"]));
  return { ...profile, ...settings, faults: { ...profile.faults, ...faults } } as MockTenantOptions;
}

/** Runs a mock tenant until `signal` aborts. Its first line on stdout ends with its URL. */
async function run(args: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<void> {
  const options = settingsOf(args);
  const tenant = await startMockTenant(options);
  const tokens = options.tokenFile ?? (options.tokens ?? MOCK_TENANT_DEFAULTS.tokens).join(", ");
  process.stdout.write(
    [
      `mock tenant listening on ${tenant.url}`,
      `  scan      POST ${tenant.url}/api/v1/activities/   Authorization: Token ${tokens}`,
      `  token     POST ${tenant.url}/<directory>/oauth2/v2.0/token   client ${options.clientId ?? MOCK_TENANT_DEFAULTS.clientId}`,
      `  truth     GET  ${tenant.url}/_truth     what is visible now: id, sha256, created, timestamp, one a line`,
      `  stories   GET  ${tenant.url}/_story     what --story has planted: story, users, ips, from, to, ids, one a line`,
      `  traffic   GET  ${tenant.url}/_stats     every request, the fullest window`,
      `  change    POST ${tenant.url}/_control   any setting while it runs, e.g. {"down":"refuse"}`,
      "",
    ].join("\n"),
  );
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await tenant.close();
  throw signal.reason;
}

/** `mock-tenant`: a tenant that behaves as the activities API does, with its quirks and faults by flag. */
export const mockTenantCommand = ({ signal }: CommandContext): CommandModule<object, Record<string, unknown>> => ({
  command: "mock-tenant",
  describe: "a tenant that behaves as the API does, with its quirks and faults by flag",
  builder: (yargs) =>
    yargs
      .options(yargsOptions())
      .example("$0 mock-tenant --backlog 50000 --rate 50", "50,000 activities of the last day waiting, 50 new a second")
      .example("$0 mock-tenant --port 8080 --request-limit 300", "ten times the API's own request limit")
      .example(
        "$0 mock-tenant --throttle-shape body --foreign-requests 20 --foreign-from 10s --foreign-until 40s",
        "a second client that takes part of the limit for half a minute",
      )
      .example("$0 mock-tenant --fault-reset 0.05 --fault-502 0.02", "a page in twenty is cut, one in fifty refused")
      .example(
        "$0 mock-tenant --rate 20 --story exfiltration --story password-spray",
        "two attackers among the ordinary traffic",
      )
      .example(
        "$0 mock-tenant --next-filters opaque --refuse-edited-filters",
        "next filters that only the server reads",
      )
      .example("$0 mock-tenant --backlog 20000 --tie-share 0.5 --tie-size 6000", "milliseconds that overflow a page")
      .example("$0 mock-tenant --profile contoso.json", "a tenant as probe --profile contoso.json found it"),
  handler: (args) => run(args, signal),
});

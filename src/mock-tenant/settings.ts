/** How the filters for the next page look. The public documentation leaves it open, so all forms can be played. */
export const NEXT_FILTERS_SHAPES = ["echo", "boundary", "wrong-field", "opaque", "string"] as const;
export type NextFiltersShape = (typeof NEXT_FILTERS_SHAPES)[number];

/** Where a 429 says how long to wait: a header in seconds, one with a date, the body, or nowhere. */
export const THROTTLE_SHAPES = ["retry-after-seconds", "retry-after-date", "body", "bare"] as const;
export type ThrottleShape = (typeof THROTTLE_SHAPES)[number];

/**
 * What happens when one millisecond holds more activities than a page: the same page again and again, an empty
 * page with `hasNext: true` and the same next filters, or an empty page that claims to be the last.
 */
export const TIE_OVERFLOWS = ["repeat", "empty", "end"] as const;
export type TieOverflow = (typeof TIE_OVERFLOWS)[number];

/**
 * What an attacker does among the ordinary traffic, which holds nothing like it: one user downloads 300 files; one
 * user logs in from two places too far apart for the time between; logins of 31 users fail from one address and then
 * one of them succeeds.
 */
export const STORIES = ["exfiltration", "impossible-traveller", "password-spray"] as const;
export type StoryName = (typeof STORIES)[number];

export const FAULTS = [
  "500",
  "502",
  "503",
  "reset",
  "truncate",
  "hang",
  "stall",
  "html",
  "error-body",
  "descending",
  "duplicate",
  "empty-page",
  "empty-last",
] as const;
/**
 * `reset` and `truncate` cut a page in mid-body (the connection, or the JSON with a clean end); `hang` never
 * answers, `stall` stops in mid-body; `html` and `error-body` come with status 200; `descending` ignores that
 * ascending was asked; `duplicate` lists the boundary records on this page and the next; `empty-page` holds
 * nothing though `hasNext` is true; `empty-last` hides the last page's records though `total` counts them.
 */
export type FaultName = (typeof FAULTS)[number];

/** `false`: up. `refuse`: every API request gets a 503. `close`: its connection is closed without an answer. */
export type Down = false | "refuse" | "close";

/** Everything that decides how a mock tenant behaves. Durations in ms, shares and probabilities in 0 to 1. */
export interface MockTenantSettings {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** The same seed and the same start time give the same activities, byte for byte. */
  readonly seed: number;

  /** Legacy API tokens that are accepted. */
  readonly tokens: readonly string[];
  /** A file with one accepted token a line, read anew at every request; replaces `tokens`. */
  readonly tokenFile: string | null;
  /** Tokens that are known but lack the permission: 403. */
  readonly forbiddenTokens: readonly string[];
  readonly clientId: string;
  readonly clientSecret: string;
  /** The Entra directory that the token endpoint serves; null serves any. */
  readonly directoryId: string | null;
  readonly bearerLifeMs: number;

  /** Activities that exist at the start, `created` spread evenly over `backlogSpanMs` before it. */
  readonly backlog: number;
  readonly backlogSpanMs: number;
  /** New activities a second. */
  readonly rate: number;
  /** No more activities than this in all, backlog included, but for stories; null has no end. */
  readonly total: number | null;
  /** `created` minus `timestamp`, drawn evenly between the two. */
  readonly savingDelayMinMs: number;
  readonly savingDelayMaxMs: number;
  /** The share that is saved much later, up to `slowSavingMaxMs` after it happened. */
  readonly slowSavingShare: number;
  readonly slowSavingMaxMs: number;
  /** The share that queries show only some time after `created`, up to `lateVisibleMaxMs`. */
  readonly lateVisibleShare: number;
  readonly lateVisibleMaxMs: number;
  /** The share of activities that come in groups of `tieSize` with one `created` and one `timestamp`. */
  readonly tieShare: number;
  readonly tieSize: number;
  readonly tieOverflow: TieOverflow;
  /** The share of activities whose JSON is padded to at least `largeBytes`. */
  readonly largeShare: number;
  readonly largeBytes: number;
  /** Each is told once, all at the same time. */
  readonly stories: readonly StoryName[];
  /** From the start to the first moment at which something of them is saved. */
  readonly storyAfterMs: number;
  /** From a story's first activity to its last, as they happen. */
  readonly storySpanMs: number;
  /** Activities of some 200 bytes, for tests in which their number matters and not what they hold. */
  readonly slim: boolean;

  /** Sorts and filters on `created` are taken for `date`, silently. */
  readonly ignoreCreated: boolean;
  /** Pages never hold more, whatever `limit` asks; null for the documented 5,000. */
  readonly pageCeiling: number | null;
  /** A lower bound that falls on a whole second answers nothing, as one public report shows. */
  readonly emptyOnWholeSecond: boolean;
  /** Every query finds nothing, without an error, as for a token that may see nothing any more; `/_truth` still does. */
  readonly showsNothing: boolean;
  readonly nextFilters: NextFiltersShape;
  /** Next filters that come back changed are answered with 400. */
  readonly refuseEditedFilters: boolean;
  /** Envelope fields after `data` (as the public sample has it) or before. */
  readonly envelope: "after" | "before";
  /** Compresses answers as `Accept-Encoding` allows: br, gzip, deflate. */
  readonly compress: boolean;

  /** Requests in any `requestWindowMs`; 0 throttles everything, null nothing. */
  readonly requestLimit: number | null;
  readonly requestWindowMs: number;
  readonly throttleShape: ThrottleShape;
  /** A second client of the same tenant: its requests a minute, and when it is there, from the start. */
  readonly foreignPerMinute: number;
  readonly foreignFromMs: number;
  /** Null: for ever. */
  readonly foreignUntilMs: number | null;

  readonly faults: Readonly<Partial<Record<FaultName, number>>>;
  /** Faults of the next requests, one each, before any are drawn by probability. */
  readonly faultsNext: readonly FaultName[];
  readonly down: Down;
  readonly latencyMs: number;
  /** What the tenant's clock is ahead of this machine's. */
  readonly clockSkewMs: number;
}

export type MockTenantOptions = { readonly [K in keyof MockTenantSettings]?: MockTenantSettings[K] | undefined };

export const MOCK_TENANT_DEFAULTS: MockTenantSettings = {
  host: "127.0.0.1",
  port: 0,
  seed: 1,
  tokens: ["mock-token"],
  tokenFile: null,
  forbiddenTokens: [],
  clientId: "mock-client",
  clientSecret: "mock-secret",
  directoryId: null,
  bearerLifeMs: 3_600_000,
  backlog: 0,
  backlogSpanMs: 86_400_000,
  rate: 0,
  total: null,
  savingDelayMinMs: 170_000,
  savingDelayMaxMs: 340_000,
  slowSavingShare: 0,
  slowSavingMaxMs: 48 * 3_600_000,
  lateVisibleShare: 0,
  lateVisibleMaxMs: 60_000,
  tieShare: 0,
  tieSize: 5,
  tieOverflow: "repeat",
  largeShare: 0,
  largeBytes: 65_536,
  stories: [],
  storyAfterMs: 30_000,
  storySpanMs: 300_000,
  slim: false,
  ignoreCreated: false,
  pageCeiling: null,
  emptyOnWholeSecond: false,
  showsNothing: false,
  nextFilters: "echo",
  refuseEditedFilters: false,
  envelope: "after",
  compress: false,
  requestLimit: 30,
  requestWindowMs: 60_000,
  throttleShape: "retry-after-seconds",
  foreignPerMinute: 0,
  foreignFromMs: 0,
  foreignUntilMs: null,
  faults: {},
  faultsNext: [],
  down: false,
  latencyMs: 0,
  clockSkewMs: 0,
};

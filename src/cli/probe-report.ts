import { ageText } from "../kit/age.ts";
import type { Findings } from "./probe-findings.ts";
import { table } from "./table.ts";

const NOT_SEEN = "not seen";

/** For people: a line a finding, in words that hold nothing of the tenant. */
export function reportLines(found: Findings): string[] {
  const { activities, requests, troubles, complete } = found;
  const perHour = activities.perHour === null ? "" : `, about ${activities.perHour} an hour`;
  const head = `${requests} requests; ${activities.seen} activities of the last ${activities.reachDays} days looked at${perHour}`;
  const rows = [["FINDING", "WHAT THE API DOES"], ...timeRows(found), ...pagingRows(found), ...transportRows(found)];
  const others = Object.entries(troubles).map(([trouble, times]) => ["no page", `${trouble}: ${times} times`]);
  const cut = complete ? [] : ["", "not complete: its requests were used up, or the tenant stopped answering"];
  return [head, "", ...table([...rows, ...others]), ...cut];
}

type Row = readonly [finding: string, what: string];

/** @param words what each value means to a reader. */
const said = <T extends string>(value: T | null, words: Readonly<Record<T, string>>): string =>
  value === null ? NOT_SEEN : words[value];

function timeRows({ honoured, order, delays, late, changed, instants }: Findings): Row[] {
  const taken = (value: boolean | null) =>
    value === null ? NOT_SEEN : value ? "bounds are honoured" : "bounds are not honoured";
  const came = { asc: "oldest first", desc: "newest first", none: "in no order" };
  return [
    ["created", honoured.created === false ? "ignored: scan along date" : taken(honoured.created)],
    ["date", taken(honoured.date)],
    ["order asked ascending", said(order.asc, came)],
    ["order asked descending", said(order.desc, came)],
    ["saved after it happened", delaysText(delays)],
    ["shown later than saved", lateText(late)],
    ["records that change", changed === null ? NOT_SEEN : `${changed.found} of ${changed.of} within the probe`],
    ["at one instant", instantsText(instants)],
  ];
}

function delaysText(delays: Findings["delays"]): string {
  if (delays === null) return NOT_SEEN;
  const { leastMs, medianMs, usualMostMs, slowShare, mostMs } = delays;
  const usual = `${seconds(leastMs)} to ${seconds(usualMostMs)}, half within ${seconds(medianMs)}`;
  return slowShare === 0 ? usual : `${usual}; ${percent(slowShare)} far later, up to ${seconds(mostMs)}`;
}

function lateText(late: Findings["late"]): string {
  if (late === null) return NOT_SEEN;
  const { of, found, atLeastMs } = late;
  return `${found} of ${of} recent ones${found === 0 ? "" : `, by ${seconds(atLeastMs)} or more`}`;
}

const instantsText = (instants: Findings["instants"]): string =>
  instants === null ? NOT_SEEN : `at most ${instants.most}; ${percent(instants.tiedShare)} are not alone at theirs`;

function pagingRows(found: Findings): Row[] {
  const { nextFilters, editedNextFilters, boundary, exactBounds, wholeSecond, overfull } = found;
  return [
    ["longest page", ceilingText(found.pageCeiling)],
    ["next filters", said(nextFilters, NEXT)],
    ["edited next filters", said(editedNextFilters, { taken: "taken", refused: "refused with 400" })],
    ["where a page is cut", said(boundary, BOUNDARY)],
    ["bounds at an exact instant", said(exactBounds, { inclusive: "inclusive", exclusive: "show too little" })],
    ["a bound on a whole second", said(wholeSecond, { shown: "like any other", empty: "finds nothing" })],
    [
      "last pages",
      said(found.lastPage, { shown: "hold what they should", hidden: "are empty though they count more" }),
    ],
    ["empty pages with more to come", said(yesNo(found.emptyPages), { yes: "always", no: "no" })],
    ["an instant larger than a page", said(overfull, OVERFULL)],
    ["total", said(found.total, TOTAL)],
  ];
}

const NEXT = {
  echo: "the filters with one bound moved (echo)",
  boundary: "the moved bound alone (boundary)",
  "wrong-field": "a bound on the other time (wrong-field)",
  opaque: "not legible (opaque)",
  string: "a text (string)",
};
const BOUNDARY = {
  dropped: "the instant at the cut comes whole on the next page",
  repeated: "the instant at the cut is on both pages",
  split: "the instant at the cut is only partly on the next page",
  lost: "the instant at the cut is on neither page",
};
const OVERFULL = {
  repeat: "the same page again and again",
  empty: "an empty page that says there is more",
  end: "an empty page that says it is the last",
};
const TOTAL = {
  exact: "what the last page holds",
  over: "more than the last page holds",
  under: "less than the last page holds",
  absent: "absent",
};

function ceilingText(ceiling: Findings["pageCeiling"]): string {
  if (ceiling === null) return NOT_SEEN;
  const { atLeast, atMost } = ceiling;
  if (atMost === null) return `no ceiling below ${atLeast} activities`;
  return atLeast === atMost ? `${atMost} activities, whatever is asked` : `${atLeast} to ${atMost} activities`;
}

function transportRows(found: Findings): Row[] {
  const { envelope, clockSkewSeconds, answerMs, compression, rateHeaders, throttled } = found;
  const skew = clockSkewSeconds === null ? NOT_SEEN : `${clockSkewSeconds} s ahead of this machine's`;
  return [
    ["other members of a page", said(envelope, { before: "before its activities", after: "after its activities" })],
    ["its clock", skew],
    ["an answer takes", `${answerMs.least} to ${answerMs.most} ms`],
    ["compression", compression ?? NOT_SEEN],
    ["rate headers", rateHeaders.length === 0 ? "none" : rateHeaders.join(", ")],
    ["throttled", throttled ?? NOT_SEEN],
  ];
}

const yesNo = (value: boolean | null): "yes" | "no" | null => (value === null ? null : value ? "yes" : "no");
const seconds = (ms: number): string => ageText(Math.round(ms / 1_000) * 1_000);
const percent = (share: number): string => `${Math.round(share * 1_000) / 10} %`;

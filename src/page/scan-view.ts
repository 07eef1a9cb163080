import type { SilenceStatus, TenantStatus } from "../observe/status.ts";
import { byId, el, fill, icon, setText, tableOf } from "./dom.ts";
import { showSlices } from "./slices-view.ts";
import { toneOf, wordOf } from "./tones.ts";
import { NONE, time, type View } from "./view.ts";
import type { Listed } from "./whereabouts.ts";

/** The chosen scan in depth; of all together only its title. */
export function showScan(view: View): void {
  const { chosen, status } = view;
  const title = chosen === null ? "All scans together" : `Scan ${chosen.scan}`;
  setText(byId("chosen-title"), title);
  byId("of-scan").hidden = chosen === null;
  byId("choose-all").hidden = chosen === null || status.scans.length === 1;
  fill(
    byId("chosen-state"),
    chosen === null ? null : [wordOf(chosen), chosen.since, chosen.tenant, view.formats.zone],
    () => (chosen === null ? [] : stateOf(chosen, view)),
  );
  if (chosen === null) return;
  if (view.history?.scan?.scan === chosen.scan) showSlices(view);
  const tenant = status.tenants.find((each) => each.tenant === chosen.tenant);
  showFacts(chosen, tenant, view);
  showJobs(chosen, view);
}

function stateOf(scan: Listed, view: View): (Node | string)[] {
  const tone = toneOf(scan);
  return [
    el("span", { class: `tone ${tone}` }, icon(tone), wordOf(scan)),
    " since ",
    time(scan.since, view),
    ` · tenant ${scan.tenant}`,
  ];
}

type Fact = readonly [name: string, value: string | Node];

function showFacts(scan: Listed, tenant: TenantStatus | undefined, view: View): void {
  const { formats } = view;
  const madeOf = [{ ...scan, lagSeconds: null }, tenant, formats.zone];
  fill(byId("facts"), madeOf, () =>
    [...factsOfScan(scan, view), ...(tenant === undefined ? [] : factsOfTenant(tenant, view))].map(([name, value]) =>
      el("div", {}, el("dt", {}, name), el("dd", {}, value)),
    ),
  );
}

function factsOfScan(scan: Listed, view: View): Fact[] {
  const { counts, residualRisk, silence } = scan;
  const { count, share } = view.formats;
  return [
    ["Moves along", scan.cursorField ?? "not decided yet"],
    ["Position", instant(scan.position, view)],
    ["All published up to", instant(scan.caughtUp, view)],
    ["Settled up to", instant(scan.settledUntil, view)],
    ...(silence === null ? [] : factsOfSilence(silence, view)),
    ["Read since the start", count(counts.read)],
    ["Published", count(counts.published)],
    ["Repeats removed", count(counts.duplicates)],
    ["Late", count(counts.late)],
    ["Dead letters", count(counts.deadLettered)],
    ["Outside memory", count(counts.outsideMemory)],
    ["Anomalies", count(counts.anomalies)],
    ["Residual risk", residualRisk === null ? NONE : share(residualRisk)],
  ];
}

function factsOfSilence({ since, provenAt, suspectSince }: SilenceStatus, view: View): Fact[] {
  const said =
    suspectSince === null ? (["Proven idle", provenAt] as const) : (["Suspect since", suspectSince] as const);
  return [
    ["Shows nothing since", instant(since, view)],
    [said[0], instant(said[1], view)],
  ];
}

function factsOfTenant(tenant: TenantStatus, view: View): Fact[] {
  const { requestsPerMinute, clockSkewSeconds } = tenant;
  const { count, duration } = view.formats;
  const skew = clockSkewSeconds ?? 0;
  return [
    ["Tenant's requests", count(tenant.requests)],
    ["Budget", `${count(requestsPerMinute.used)} of ${count(requestsPerMinute.limit)} a minute`],
    ["Throttled", count(tenant.throttled)],
    ["Waits until", instant(tenant.throttledUntil, view)],
    ["Credential ends", instant(tenant.credentialExpiresAt, view)],
    ["Our clock", clockSkewSeconds === null ? NONE : `${duration(Math.abs(skew))} ${skew < 0 ? "behind" : "ahead"}`],
  ];
}

const instant = (iso: string | null, view: View): string | Node => (iso === null ? NONE : time(iso, view));

const JOB_COLUMNS = [
  { title: "Reader" },
  { title: "From" },
  { title: "Until" },
  { title: "Read", isNumber: true },
  { title: "Published", isNumber: true },
];
const AGE_COLUMNS = [
  { title: "Look back at" },
  { title: "Read again", isNumber: true },
  { title: "Seen only then", isNumber: true },
];

function showJobs({ jobs, lateness }: Listed, view: View): void {
  const { count, share } = view.formats;
  fill(byId("jobs"), [jobs, lateness, view.formats.zone], () => {
    const jobRows = jobs.map(({ reader, from, until, done, paused, published }) => [
      `${reader}${paused ? " (paused)" : ""}`,
      time(from, view),
      time(until, view),
      share(done),
      count(published),
    ]);
    const ageRows = lateness.map(({ age, read, found }) => [age, count(read), count(found)]);
    return [
      ...(jobRows.length === 0 ? [] : [boxed("Jobs that are not done", JOB_COLUMNS, jobRows)]),
      ...(ageRows.length === 0 ? [] : [boxed("Later looks", AGE_COLUMNS, ageRows)]),
    ];
  });
}

function boxed(caption: string, ...[columns, rows]: [Parameters<typeof tableOf>[1], Parameters<typeof tableOf>[2]]) {
  const table = el("table", {}, ...tableOf(caption, columns, rows));
  return el("section", { class: "scroll", tabindex: "0", "aria-label": caption }, table);
}

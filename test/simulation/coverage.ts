import { OVERLAP_MS, type Scenario } from "./scenario.ts";
import type { World } from "./world.ts";

const LONG_MS = 15 * 60_000;

/** What a run has seen, each once: so that nobody takes a campaign without faults for a proof. */
export function coverageOf(scenario: Scenario, world: World): string[] {
  return [...marksOfScenario(scenario, world), ...world.trace.marks, ...marksOfEvents(world)];
}

function marksOfScenario({ tenant, scan, activities, ...scenario }: Scenario, { oracle, processes }: World): string[] {
  const field = oracle.state.cursor?.cursorField ?? "undecided";
  const published = activities.filter(({ id }) => oracle.published.has(id));
  const values = published.map(({ createdMs, dateMs }) => (field === "date" ? dateMs : createdMs));
  const lateMs = published.map(({ visibleMs }, at) => (visibleMs === 0 ? 0 : visibleMs - (values[at] ?? 0)));
  const marks: readonly (readonly [string, boolean])[] = [
    [`next ${tenant.next}`, true],
    [`field ${field}`, true],
    ["descending", tenant.descending],
    ["created ignored", tenant.ignoreCreated],
    ["empty at instant", tenant.emptyAtInstant !== false],
    ["next refused", tenant.refusesNext],
    ["skewed clock", scenario.skewMs !== 0],
    ["slow network", scenario.latenciesMs.length > 0],
    ["behind at start", scan.start.kind !== "now" && (oracle.state.beganAtMs ?? 0) < scenario.beginMs - LONG_MS],
    ["nothing published", published.length === 0],
    ["late within the overlap", lateMs.some((ms) => ms > 0 && ms <= OVERLAP_MS)],
    ["late beyond the overlap", lateMs.some((ms) => ms > OVERLAP_MS)],
    ["too late, missed", activities.some((activity) => oracle.isMissedRightly(activity))],
    ["shown before it was saved", lateMs.some((ms) => ms < 0)],
    ["several on an instant", new Set(values).size < values.length],
    ["gap", oracle.state.gaps.length > 0],
    ["several processes", processes > 2],
    ["excused", oracle.isExcused],
  ];
  return marks.filter(([, seen]) => seen).map(([name]) => name);
}

function marksOfEvents({ events }: World): string[] {
  const marks = new Set<string>();
  for (const event of events) {
    if (event.type === "anomaly") marks.add(`anomaly ${event.kind}`);
    else if (event.type === "scan_state") marks.add(`state ${event.state}`);
    else if (event.type === "silence" && event.judged !== null) marks.add(`silence ${event.judged.kind}`);
    else if (event.type === "transaction_ended") marks.add(`transaction ${event.result}`);
  }
  return [...marks];
}

import { AFTER_MINUTES, activitiesOf, BEFORE_MINUTES, type Fault } from "./faults.ts";
import { type Fired, judge, metricsOfRules } from "./judge.ts";
import { Scraped } from "./scraped.ts";
import { BEGIN_MS, MINUTE_MS, Site } from "./site.ts";

const BEGIN_MINUTE = BEGIN_MS / MINUTE_MS;
/** Whatever a start brings about is over by then. */
const SETTLED_MINUTES = 10;

export interface Played {
  readonly fault: Fault;
  /** Minutes since the fault began. */
  readonly fired: readonly { readonly alert: string; readonly after: number; readonly until: number }[];
  /** Alerts that are late, missing, or should not be; one sentence each. */
  readonly wrong: readonly string[];
}

/** A fault from its healthy hour before to half an hour after it. */
export async function play(fault: Fault): Promise<Played> {
  const metrics = metricsOfRules();
  const scraped = new Scraped((metric) => metrics.has(metric));
  const site = new Site({ ...fault.site, activities: activitiesOf(fault) }, scraped);
  site.start();
  await site.until(BEFORE_MINUTES);
  fault.begin(site);
  for (let minute = 1; minute <= fault.minutes; minute++) {
    await site.until(BEFORE_MINUTES + minute);
    fault.during?.(site);
  }
  fault.end(site);
  const ends = BEFORE_MINUTES + fault.minutes + AFTER_MINUTES;
  await site.until(ends);
  const beganMinute = BEGIN_MINUTE + BEFORE_MINUTES;
  const found = await judge(scraped, BEGIN_MINUTE + SETTLED_MINUTES, BEGIN_MINUTE + ends - 1);
  const fired = found.map(({ alert, firstMinute, lastMinute }: Fired) => ({
    alert,
    after: firstMinute - beganMinute,
    until: lastMinute - beganMinute,
  }));
  return { fault, fired, wrong: wrongOf(fault, fired) };
}

function wrongOf({ alerts }: Fault, fired: Played["fired"]): string[] {
  const wrong: string[] = [];
  for (const { alert, after } of fired) {
    const within = alerts[alert];
    if (within === undefined) wrong.push(`${alert} should not fire, and does after ${after} min`);
    else if (after > within) wrong.push(`${alert} fires after ${after} min, not within ${within}`);
    else if (after < 0) wrong.push(`${alert} fires ${-after} min before the fault`);
  }
  const silent = Object.keys(alerts).filter((alert) => !fired.some((each) => each.alert === alert));
  return [...wrong, ...silent.map((alert) => `${alert} does not fire`)];
}

/** One line an alert: when it fired, when it had to, and how long. */
export function table(results: readonly Played[]): string {
  const rows = results.flatMap(({ fault, fired, wrong }) => {
    const own = fired.map(({ alert, after, until }) => {
      const within = fault.alerts[alert];
      return [alert.replace("MdcaSource", ""), `${after}`, within === undefined ? "never" : `${within}`, `${until}`];
    });
    const lines = own.length === 0 ? [["none", "", "", ""]] : own;
    return [
      ...lines.map((line, at) => [at === 0 ? fault.name : "", at === 0 ? `${fault.minutes}` : "", ...line]),
      ...wrong.map((sentence) => ["", "", `WRONG: ${sentence}`, "", "", ""]),
    ];
  });
  const head = ["fault", "lasts", "alert", "after", "within", "until"];
  const widths = head.map((_, at) =>
    Math.max(...[head, ...rows].filter((row) => !row[2]?.startsWith("WRONG")).map((row) => (row[at] ?? "").length)),
  );
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

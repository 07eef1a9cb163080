import type { Start } from "../config/config.ts";
import { configInvalid } from "../kit/errors.ts";
import { type Job, openJobPass } from "../scan/job.ts";
import type { Pass } from "../scan/pass.ts";
import type { OneShotPlan } from "./one-shot.ts";

const SPAN_MIN_MS = 60_000;
/** A quiet hour says little of the day that follows. */
const GROWTH_MAX = 24;

/** The span after one that showed `activities`: as long as would show `wanted` if they came as dense. In ms. */
export function nextSpanMs(spanMs: number, activities: number, wanted: number): number {
  const grown = spanMs * Math.min(GROWTH_MAX, wanted / Math.max(1, activities));
  return Math.max(SPAN_MIN_MS, Math.floor(grown));
}

/** What is left over is read along, where it is shorter than this share of a span. */
const REST_SHARE = 0.25;

/**
 * The pass over a scan's next span. The last one has no upper bound where the scan has none (`untilMs` null), so that
 * whatever is visible is read.
 */
export function openSpan(job: Job, untilMs: number | null, startedMs: number): Pass {
  const restMs = job.untilMs - job.fromMs + 1;
  const spanMs = restMs <= job.spanMs * (1 + REST_SHARE) ? restMs : job.spanMs;
  const pass = openJobPass({ ...job, spanMs }, "asc", startedMs);
  return untilMs === null && pass.untilMs === job.untilMs ? { ...pass, untilMs: null, reachMs: null } : pass;
}

/** The stretch in epoch ms. @throws ConnectorError `config_invalid` when it is empty. */
export function rangeOf(plan: Pick<OneShotPlan, "since" | "until">, serverNowMs: number) {
  const fromMs = instantOf(plan.since, serverNowMs);
  const untilMs = plan.until === null || plan.until.kind === "now" ? null : instantOf(plan.until, serverNowMs);
  if (fromMs <= (untilMs ?? serverNowMs)) return { fromMs, untilMs };
  const [from, until] = [fromMs, untilMs ?? serverNowMs].map((ms) => new Date(ms).toISOString());
  throw configInvalid(`--since (${from}) is later than --until (${until})`);
}

function instantOf(start: Start, serverNowMs: number): number {
  if (start.kind === "instant") return start.atMs;
  return start.kind === "age" ? serverNowMs - start.ageMs : serverNowMs;
}

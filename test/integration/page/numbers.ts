import type { Page } from "playwright-core";
import { renderedDashboards } from "../../grafana/rendered.ts";
import { offered, questionsOf } from "../../grafana/shown.ts";
import type { Prometheus } from "../../real/prometheus.ts";
import type { MockProcess } from "../../real/stack.ts";
import { fact, figure } from "./audit.ts";

/** What has become of the only scan's activities, by whoever says it. */
export interface Numbers {
  readonly published: number;
  readonly duplicates: number;
  /** Up to when everything is published; epoch ms. The lag is what has passed since. */
  readonly caughtUpMs: number;
}

export interface Told extends Numbers {
  readonly openGaps: number;
}

/** As they stand in the DOM of the page. */
export async function toldByPage(page: Page): Promise<Told> {
  const caughtUp = fact(page, "All published up to").locator("time");
  return {
    published: await figure(page, "Published"),
    duplicates: Number((await fact(page, "Repeats removed").textContent())?.replace(/\D/g, "")),
    openGaps: await figure(page, "Open gaps"),
    caughtUpMs: Date.parse((await caughtUp.getAttribute("datetime")) ?? ""),
  };
}

/**
 * By the queries of the dashboard of one scan, as they ask at the moment of the last scrape and since before the first:
 * then nothing has to be extrapolated, and a rate times its time is a count.
 */
export async function toldByDashboards(prometheus: Prometheus, sinceMs: number): Promise<Told> {
  const dashboard = renderedDashboards().find(({ uid }) => uid === "mdca-source-scan");
  const scraped = (await prometheus.query("timestamp(mdca_source_pages_total)"))[0]?.points[0]?.[1];
  if (dashboard === undefined || scraped === undefined) throw new Error("there is no dashboard, or no scrape yet");
  const seconds = Math.ceil(scraped - sinceMs / 1_000);
  const shown = {
    ...{ fromSeconds: scraped - seconds, untilSeconds: scraped, stepSeconds: seconds },
    rateSeconds: seconds,
  };
  const questions = questionsOf(prometheus, dashboard, await offered(prometheus, dashboard));
  const answer = async (panel: string): Promise<number> => {
    const series = await questions.find(({ where }) => where === `${dashboard.title}, ${panel}`)?.ask(shown);
    if (series?.length !== 1) throw new Error(`${panel}: ${series?.length} series`);
    return series[0]?.points.at(-1)?.[1] ?? Number.NaN;
  };
  return {
    published: Math.round((await answer("Activities, B")) * seconds * 1e3) / 1e3,
    duplicates: Math.round((await answer("Activities, C")) * seconds * 1e3) / 1e3,
    openGaps: await answer("Open gaps, A"),
    caughtUpMs: Math.round((scraped - (await answer("Lag, A"))) * 1_000),
  };
}

/** By the tenant: what is visible, what it has sent more than once, and when it last sent a page. */
export async function truthOf(tenant: MockProcess): Promise<Numbers> {
  const visible = (await (await fetch(`${tenant.url}/_truth`)).text()).trim().split("\n").length;
  const { sent, arrivals } = await tenant.stats();
  const lastMs = arrivals.findLast(({ outcome }) => outcome === "page")?.atMs ?? Number.NaN;
  return { published: visible, duplicates: sent - visible, caughtUpMs: lastMs };
}

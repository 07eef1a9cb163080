import type { ScanConfig } from "../config/config.ts";
import type { Event } from "../observe/events.ts";
import type { Page } from "./page.ts";

/** What is told of a page once it is committed. `committedAtMs` is of the wall clock; latencies are the tail's. */
export function pagePublished(scan: ScanConfig, reader: string, page: Page, committedAtMs: number): Event {
  const times = page.fresh.filter((activity) => !activity.deadLettered);
  return {
    type: "page_published",
    tenant: scan.tenant,
    scan: scan.name,
    reader,
    ...page.counts,
    late: page.late,
    bytes: page.bytes,
    ingestionDelaysMs: times.flatMap(({ createdMs, dateMs }) =>
      createdMs === null || dateMs === null ? [] : [createdMs - dateMs],
    ),
    publishLatenciesMs: (reader === "tail" ? times : []).flatMap(({ createdMs }) =>
      createdMs === null ? [] : [committedAtMs - createdMs],
    ),
  };
}

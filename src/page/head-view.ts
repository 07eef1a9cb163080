import type { Contact } from "./contact.ts";
import { byId, el, fill, icon, setText } from "./dom.ts";
import type { Formats } from "./formats.ts";
import { overviewOf, verdictOf } from "./overview.ts";
import { NONE, time, type View } from "./view.ts";

/** The first lines of the page: what it is, how it fares, and its figures. */
export function showHead(view: View): void {
  const { status, formats } = view;
  const { version, cursorsTopic, startedAt } = status;
  fill(byId("identity"), [version, cursorsTopic, startedAt, formats.zone], () => [
    `version ${version} · cursors in `,
    el("code", {}, cursorsTopic ?? NONE),
    " · up since ",
    time(startedAt, view),
  ]);
  const verdict = verdictOf(status);
  fill(byId("verdict"), verdict, () => [icon(verdict.tone), verdict.text]);
  byId("verdict").className = `verdict ${verdict.tone}`;
  document.title = `${verdict.tone === "good" ? "" : "● "}${verdict.text} · mdca-kafka-source`;
  showFigures(view);
}

function showFigures(view: View): void {
  const { formats, nowMs } = view;
  const overview = overviewOf(view.status);
  const { lag, requests, throttledUntil } = overview;
  const waits = throttledUntil !== null && Date.parse(throttledUntil) > nowMs;
  const figures: readonly (readonly [name: string, value: string, note: string | Node])[] = [
    ["Published", formats.count(overview.published), "activities since the start"],
    ["Last minute", formats.count(overview.publishedLastMinute), "activities published"],
    ["Largest lag", lag === null ? NONE : formats.duration(lag.seconds), lag === null ? "not known yet" : lag.scan],
    ["Requests", `${formats.count(requests.used)} of ${formats.count(requests.limit)}`, "of a minute's budget"],
    ["Throttled", formats.count(overview.throttled), waits ? until(throttledUntil, view) : "requests, not now"],
    ["Open gaps", formats.count(overview.openGaps), overview.openGaps === 0 ? "nothing unjudged" : "not judged yet"],
    ["Dead letters", formats.count(overview.deadLettered), "activities since the start"],
  ];
  fill(byId("figures"), [overview, waits, formats.zone], () =>
    figures.map(([name, value, note]) =>
      el("div", {}, el("dt", {}, name), el("dd", { class: "value" }, value), el("dd", { class: "note" }, note)),
    ),
  );
}

function until(iso: string, view: View): HTMLElement {
  return el("span", {}, "waiting until ", time(iso, view));
}

/** Whether the connector answers; announced when it changes, while the count-down beside it is not. */
export function showContact(contact: Contact, nextMs: number, nowMs: number, formats: Formats): void {
  document.body.classList.toggle("away", contact.kind === "away");
  if (contact.kind === "asking") return;
  if (contact.kind === "live") {
    setText(byId("contact"), "Live");
    setText(byId("retry"), `as of ${formats.moment(contact.atMs, nowMs)}`);
    return;
  }
  const since = formats.moment(contact.sinceMs, nowMs);
  setText(byId("contact"), `The connector does not answer since ${since}: ${contact.reason}`);
  setText(byId("retry"), `asked again in ${formats.duration(Math.max(0, nextMs - nowMs) / 1_000)}`);
}

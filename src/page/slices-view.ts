import { byId, el, fill, icon, tableOf } from "./dom.ts";
import type { Formats } from "./formats.ts";
import { gapMeaning, type Hour, hoursOf } from "./hours.ts";
import { SLICE_WORDS } from "./tones.ts";
import { time, type View } from "./view.ts";

/** The strip of the last day's slices, its gaps in words, and the same as a table. */
export function showSlices(view: View): void {
  const { history, nowMs, formats } = view;
  const day = history?.scan ?? null;
  if (day === null) return;
  const hours = hoursOf(day, nowMs);
  const madeOf = [hours, formats.zone];
  fill(byId("slices"), madeOf, () => hours.map((hour, at) => cellOf(hour, at, formats)));
  fill(byId("slice-legend"), "once", legend);
  fill(byId("gaps"), [day.gaps, formats.zone], () => day.gaps.map((gap) => gapItem(gap, view)));
  fill(byId("slice-table"), madeOf, () =>
    tableOf(
      "Each slice, the newest first",
      SLICE_COLUMNS,
      [...hours].reverse().map((hour) => rowOf(hour, formats)),
    ),
  );
}

function cellOf(hour: Hour, at: number, formats: Formats): HTMLElement {
  const shape = hour.gaps > 0 ? "gap" : hour.state;
  const text = wordsOf(hour, formats);
  const bar = el("span", { class: "bar" });
  bar.style.blockSize = `${Math.round(hour.share * 100)}%`;
  const isLabelled = at % 6 === 0;
  const label = isLabelled ? [el("span", { class: "label", "aria-hidden": "true" }, formats.clock(hour.fromMs))] : [];
  return el(
    "li",
    { class: `slice ${shape}`, title: text },
    el("span", { class: "column", "aria-hidden": "true" }, bar),
    icon(shape),
    el("span", { class: "unseen" }, text),
    ...label,
  );
}

function wordsOf(hour: Hour, formats: Formats): string {
  const gaps = hour.gaps === 0 ? "" : `${formats.count(hour.gaps)} open ${hour.gaps === 1 ? "gap" : "gaps"}, `;
  const stretch = `${formats.clock(hour.fromMs)} to ${formats.clock(hour.untilMs)}`;
  return `${stretch}: ${gaps}${SLICE_WORDS[hour.state]}; ${formats.count(hour.published)} published`;
}

function legend(): readonly HTMLElement[] {
  const states = Object.entries(SLICE_WORDS).map(([state, words]) => [state, words] as const);
  return [...states, ["gap", "an open gap: could not be judged"] as const].map(([shape, words]) =>
    el("li", { class: "slice-key" }, icon(shape), words),
  );
}

type Gap = { readonly from: string; readonly until: string; readonly reason: string };

function gapItem({ from, until, reason }: Gap, view: View): HTMLElement {
  const end = from === until ? [] : [" to ", time(until, view)];
  return el(
    "li",
    {},
    icon("gap"),
    el("strong", {}, "Open gap "),
    time(from, view),
    ...end,
    ` (${reason}): ${gapMeaning(reason)}`,
  );
}

const SLICE_COLUMNS = [
  { title: "Slice" },
  { title: "State" },
  { title: "Published", isNumber: true },
  { title: "Repeats removed", isNumber: true },
  { title: "Late", isNumber: true },
  { title: "Dead letters", isNumber: true },
  { title: "Open gaps", isNumber: true },
];

function rowOf(hour: Hour, formats: Formats): (string | Node)[] {
  const numbers = [hour.published, hour.duplicates, hour.late, hour.deadLettered, hour.gaps];
  const stretch = `${formats.clock(hour.fromMs)}–${formats.clock(hour.untilMs)}`;
  const from = el("time", { datetime: new Date(hour.fromMs).toISOString() }, stretch);
  return [from, SLICE_WORDS[hour.state], ...numbers.map((number) => formats.count(number))];
}

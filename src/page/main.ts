import type { History, Status } from "../observe/status.ts";
import { ChartsView } from "./charts-view.ts";
import { type Contact, failed, pauseMs } from "./contact.ts";
import { byId } from "./dom.ts";
import { openFormats } from "./formats.ts";
import { showContact, showHead } from "./head-view.ts";
import { showScan } from "./scan-view.ts";
import { ScansView } from "./scans-view.ts";
import { showTables } from "./tables-view.ts";
import type { View } from "./view.ts";
import { withWhereabouts } from "./whereabouts.ts";

/** The page's edge: the only one that asks the connector, and that knows of timers and clocks. */

const ANSWER_MAX_MS = 10_000;
const TICK_MS = 1_000;

let formats = openFormats();
let contact: Contact = { kind: "asking" };
let status: View["status"] | null = null;
let history: History | null = null;
let nextMs = 0;
let isAsking = false;

const scans = new ScansView();
const charts = new ChartsView();

async function read<T>(path: string): Promise<T> {
  const answer = await fetch(path, { signal: AbortSignal.timeout(ANSWER_MAX_MS), cache: "no-store" });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return (await answer.json()) as T;
}

/** Why there is no answer, for people. What a browser says of it differs from one to the next. */
function reasonOf(error: unknown): string {
  if (error instanceof TypeError) return "it cannot be reached";
  if (error instanceof DOMException) return `nothing within ${ANSWER_MAX_MS / 1_000} s`;
  return error instanceof Error ? error.message : String(error);
}

/** The name in the address; the only scan there is, where none is named. Null: all together. */
function chosenName(): string | null {
  const named = /^#scan=(.+)$/.exec(location.hash)?.[1];
  const names = status?.scans.map(({ scan }) => scan) ?? [];
  const name = named === undefined ? null : decodeURIComponent(named);
  if (name !== null && names.includes(name)) return name;
  return names.length === 1 ? (names[0] ?? null) : null;
}

/** Asks once. A second question is not asked while one is under way. */
async function ask(): Promise<void> {
  if (isAsking) return;
  isAsking = true;
  try {
    const told = await read<Status & Pick<View["status"], "config">>("status");
    status = { ...told, scans: withWhereabouts(told) };
    const name = chosenName();
    history = await read<History>(name === null ? "history" : `history?scan=${encodeURIComponent(name)}`);
    contact = { kind: "live", atMs: Date.now() };
  } catch (error) {
    contact = failed(contact, Date.now(), reasonOf(error));
  }
  isAsking = false;
  nextMs = Date.now() + pauseMs(contact);
  show();
}

function show(): void {
  showContact(contact, nextMs, Date.now(), formats);
  if (status === null) return;
  const name = chosenName();
  const chosen = status.scans.find(({ scan }) => scan === name) ?? null;
  const ofChosen = history !== null && (history.scan?.scan ?? null) === name ? history : null;
  const view: View = { status, history: ofChosen, chosen, nowMs: Date.now(), formats };
  showHead(view);
  scans.show(view);
  charts.show(view);
  showScan(view);
  showTables(view);
}

/** Each second: the count-down, and the next question when its time has come. Nobody asks for a page in the back. */
function tick(): void {
  showContact(contact, nextMs, Date.now(), formats);
  if (!document.hidden && Date.now() >= nextMs) void ask();
}

window.addEventListener("hashchange", () => {
  show();
  void ask();
});
document.addEventListener("visibilitychange", tick);
byId("config-box").addEventListener("toggle", show);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.recolour());
byId("zone").addEventListener("click", () => {
  const isUtc = byId("zone").getAttribute("aria-pressed") !== "true";
  byId("zone").setAttribute("aria-pressed", String(isUtc));
  formats = isUtc ? openFormats("UTC") : openFormats();
  show();
});
setInterval(tick, TICK_MS);
void ask();

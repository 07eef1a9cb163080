import { byId, el, icon, setText } from "./dom.ts";
import type { Formats } from "./formats.ts";
import { type ListChoice, listScans, type SortBy, startsDescending } from "./scan-list.ts";
import { toneOf, wordOf } from "./tones.ts";
import { NONE, type View } from "./view.ts";
import type { Listed } from "./whereabouts.ts";

const COLUMNS: readonly { readonly by: SortBy; readonly title: string; readonly kind: string }[] = [
  { by: "scan", title: "Scan", kind: "name" },
  { by: "tenant", title: "Tenant", kind: "wide" },
  { by: "state", title: "State", kind: "state" },
  { by: "lag", title: "Lag", kind: "number" },
  { by: "lastMinute", title: "Last minute", kind: "number wide" },
  { by: "published", title: "Published", kind: "number wide" },
  { by: "gaps", title: "Gaps", kind: "number" },
];

interface Row {
  readonly row: HTMLTableRowElement;
  readonly link: HTMLAnchorElement;
  readonly cells: readonly HTMLTableCellElement[];
  state: string;
}

/** The table of scans: its rows live as long as their scans, so that focus and scrolling stay where they are. */
export class ScansView {
  #choice: ListChoice = { find: "", attentionOnly: false, by: "state", isDescending: false };
  readonly #rows = new Map<string, Row>();
  readonly #head = byId("scans").querySelector("thead");
  readonly #body = byId("scans").querySelector("tbody");
  #order = "";
  #view: View | null = null;

  constructor() {
    const find = byId<HTMLInputElement>("find");
    const attention = byId<HTMLInputElement>("attention");
    const read = () => this.#choose({ ...this.#choice, find: find.value.trim(), attentionOnly: attention.checked });
    find.addEventListener("input", read);
    attention.addEventListener("change", read);
    byId("filter").addEventListener("submit", (event) => event.preventDefault());
    const headers = COLUMNS.map(({ by, title, kind }) => {
      const button = el("button", { type: "button" }, title);
      button.addEventListener("click", () => this.#sort(by));
      return el("th", { scope: "col", class: kind }, button);
    });
    this.#head?.replaceChildren(el("tr", {}, ...headers));
    this.#showOrder();
  }

  show(view: View): void {
    this.#view = view;
    const { status, chosen, formats } = view;
    const known = new Set(status.scans.map(({ scan }) => scan));
    for (const name of this.#rows.keys()) if (!known.has(name)) this.#rows.delete(name);
    const listed = listScans(status.scans, this.#choice);
    for (const scan of listed) this.#showScan(this.#rowOf(scan), scan, formats);
    for (const [name, { link }] of this.#rows) {
      if (name === chosen?.scan) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    const order = JSON.stringify(listed.map(({ scan }) => scan));
    if (order !== this.#order) this.#place(listed);
    this.#order = order;
    setText(byId("shown"), `${formats.count(listed.length)} of ${formats.count(status.scans.length)}`);
  }

  /** Rows move only where the order has changed; the one with the focus keeps it. */
  #place(listed: readonly Listed[]): void {
    const focused = document.activeElement;
    this.#body?.replaceChildren(...listed.flatMap(({ scan }) => this.#rows.get(scan)?.row ?? []));
    if (focused instanceof HTMLElement && focused.isConnected) focused.focus({ preventScroll: true });
  }

  #rowOf({ scan }: Listed): Row {
    const known = this.#rows.get(scan);
    if (known !== undefined) return known;
    const link = el("a", { href: `#scan=${encodeURIComponent(scan)}` }, scan);
    const cells = COLUMNS.slice(1).map(({ kind }) => el("td", { class: kind }));
    const row = el("tr", {}, el("th", { scope: "row", class: "name" }, link), ...cells);
    const made = { row, link, cells, state: "" };
    this.#rows.set(scan, made);
    return made;
  }

  #showScan(row: Row, scan: Listed, formats: Formats): void {
    const { reason, openGaps } = scan;
    const [tone, word] = [toneOf(scan), wordOf(scan)];
    const texts = [
      scan.tenant,
      null,
      scan.lagSeconds === null ? NONE : formats.duration(scan.lagSeconds),
      formats.count(scan.publishedLastMinute),
      formats.count(scan.counts.published),
      openGaps === 0 ? "0" : `${formats.count(openGaps)} open`,
    ];
    for (const [at, cell] of row.cells.entries()) {
      const text = texts[at];
      if (typeof text === "string") setText(cell, text);
    }
    const now = JSON.stringify([word, reason]);
    if (now === row.state) return;
    row.state = now;
    const why = reason === null ? [] : [el("span", { class: "reason", title: reason }, reason)];
    row.cells[1]?.replaceChildren(el("span", { class: `tone ${tone}` }, icon(tone), word), ...why);
  }

  #sort(by: SortBy): void {
    const isDescending = by === this.#choice.by ? !this.#choice.isDescending : startsDescending(by);
    this.#choose({ ...this.#choice, by, isDescending });
    this.#showOrder();
  }

  #choose(choice: ListChoice): void {
    this.#choice = choice;
    if (this.#view !== null) this.show(this.#view);
  }

  #showOrder(): void {
    const headers = this.#head?.querySelectorAll("th") ?? [];
    for (const [at, header] of headers.entries()) {
      const isSorted = COLUMNS[at]?.by === this.#choice.by;
      if (isSorted) header.setAttribute("aria-sort", this.#choice.isDescending ? "descending" : "ascending");
      else header.removeAttribute("aria-sort");
    }
  }
}

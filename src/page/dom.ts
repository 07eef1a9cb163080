type Child = Node | string;
type Attributes = Readonly<Record<string, string | boolean>>;

const SVG = "http://www.w3.org/2000/svg";

/** An element; texts are never taken for markup. `true` stands for an attribute without a value, `false` for none. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** @throws Error where the page has no such element: then page and script are of different builds. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element ${id}`);
  return found as T;
}

/** One of the shapes of the page; it says nothing to those who do not see it, so words stand beside it. */
export function icon(name: string): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("class", `icon ${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** Changes only what differs, so that selections and screen readers are left in peace. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

const filled = new WeakMap<Node, string>();

/** Makes the content anew when what it is made of has changed. */
export function fill(container: Element, madeOf: unknown, make: () => readonly Child[]): void {
  const key = JSON.stringify(madeOf);
  if (filled.get(container) === key) return;
  filled.set(container, key);
  container.replaceChildren(...make());
}

/** Rows of a table with a caption and headers; the first cell of a row names it. Numbers stand to the right. */
export interface Column {
  readonly title: string;
  readonly isNumber?: boolean;
}

export function tableOf(caption: string, columns: readonly Column[], rows: readonly (readonly Child[])[]): Child[] {
  const head = columns.map(({ title, isNumber }) => el("th", { scope: "col", class: classOf(isNumber) }, title));
  const body = rows.map((cells) =>
    el(
      "tr",
      {},
      ...cells.map((cell, at) => {
        const attributes = { class: classOf(columns[at]?.isNumber) };
        return at === 0 ? el("th", { scope: "row", ...attributes }, cell) : el("td", attributes, cell);
      }),
    ),
  );
  return [el("caption", {}, caption), el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...body)];
}

const classOf = (isNumber: boolean | undefined): string | false => (isNumber === true ? "number" : false);

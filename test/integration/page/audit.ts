import axe from "axe-core";
import type { Locator, Page } from "playwright-core";

interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string }[];
}

/** What axe-core finds that is serious or worse, each in a line. */
export async function seriousViolations(page: Page): Promise<string[]> {
  // By the debugger's protocol, which the page's Content-Security-Policy does not bind.
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate("axe.run()")) as { violations: readonly Violation[] };
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
}

const FOCUS = `(() => {
  const { tagName, id, textContent, ariaLabel } = document.activeElement;
  const outline = getComputedStyle(document.activeElement).outlineStyle;
  return { name: [tagName.toLowerCase(), id || ariaLabel || textContent.trim()].join(" "), isSeen: outline !== "none" };
})()`;

export interface Stop {
  /** Its tag, and its id, label or text. */
  readonly name: string;
  /** Whether one sees where the focus is. */
  readonly isSeen: boolean;
}

/** What the Tab key reaches, in its order, from the link that skips what comes first to the last of the page. */
export async function tabStops(page: Page, stopsMax = 200): Promise<Stop[]> {
  await page.evaluate("document.querySelector('.skip').focus()");
  // There and back: only whoever uses the keyboard is shown where the focus is.
  for (const key of ["Tab", "Shift+Tab"]) await page.keyboard.press(key);
  const stops: Stop[] = [];
  for (let stop = 0; stop < stopsMax; stop++) {
    const reached = (await page.evaluate(FOCUS)) as Stop;
    if (reached.name.startsWith("body") || stops.some(({ name }) => name === reached.name)) return stops;
    stops.push(reached);
    await page.keyboard.press("Tab");
  }
  throw new Error(`more than ${stopsMax} stops: ${stops.at(-1)?.name}`);
}

/** Whether the page is wider than its window: then one has to push it sideways. */
export async function overhangPx(page: Page): Promise<number> {
  return (await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")) as number;
}

/** What is said of the chosen scan or its tenant under a name. */
export function fact(page: Page, name: string): Locator {
  const box = page.locator("#facts > div").filter({ has: page.getByText(name, { exact: true }) });
  return box.locator("dd");
}

/** A figure of the head by its name, as a number. */
export async function figure(page: Page, name: string): Promise<number> {
  const box = page.locator("#figures > div").filter({ has: page.locator("dt", { hasText: name }) });
  return Number((await box.locator(".value").textContent())?.replace(/\D/g, ""));
}

import { existsSync, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { discard, root, scratchDir } from "./process.ts";

/** A page in a headless Chromium that notes what it should not do. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors and warnings on the console, breaches of the Content-Security-Policy among them, and requests that write. */
  readonly complaints: readonly string[];
  /** Addresses that it asked for, other than the one that it was opened at. */
  readonly strangers: readonly string[];
  /** Written to test-results, for people to look at. */
  screenshot(name: string): Promise<void>;
}

export interface RealBrowser extends AsyncDisposable {
  open(url: string, options?: BrowserContextOptions): Promise<WatchedPage>;
}

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
/** A fresh profile that calls nobody. */
const QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"];
const shots = join(root, "test-results/page");

/** @throws saying what to type where there is no Chromium. */
export async function startBrowser(): Promise<RealBrowser> {
  const profile = scratchDir("chromium");
  const browser = await chromium.launch({
    executablePath: executable(),
    // As root, and in containers, its own sandbox cannot be had; the pages are ours.
    args: ["--no-sandbox", ...QUIET],
    env: { ...process.env, HOME: profile },
  });
  return {
    open: (url, options) => open(browser, url, options),
    async [Symbol.asyncDispose]() {
      await browser.close();
      discard(profile);
    },
  };
}

async function open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  const strangers: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (request.method() !== "GET") complaints.push(`${request.method()} ${request.url()}`);
    if (new URL(request.url()).origin !== new URL(url).origin) strangers.push(request.url());
  });
  await page.goto(url);
  return {
    page,
    complaints,
    strangers,
    async screenshot(name) {
      mkdirSync(shots, { recursive: true });
      await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
    },
  };
}

function executable(): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
  if (found === undefined) throw new Error("there is no Chromium: run `make setup`");
  return found;
}

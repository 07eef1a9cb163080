import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SCHEMA_VERSION } from "../../../src/activity/activity.ts";
import { openEncoder } from "../../../src/activity/encode.ts";
import { startMockTenant } from "../../../src/mock-tenant/start.ts";
import { ensureBuilt } from "../../real/built.ts";
import { say } from "../../real/checkers.ts";
import { fenced } from "../../real/fenced.ts";
import { discard, root, scratchDir } from "../../real/process.ts";
import { activityOf, context } from "../../unit/activity/samples.ts";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
/** Nothing else is in the package. */
const ALLOWED = [
  /^(package\.json|README\.md|DESIGN\.md|CHANGELOG\.md|LICENSE)$/,
  /^schemas\/(activity\.avsc|config\.schema\.json|released\/(\d+\.avsc|SHA256SUMS))$/,
  /^dist\/(main|[a-z-]+\/[a-z-]+)\.js$/,
  /^dist\/activity\/(activity|consumer)\.d\.ts$/,
  /^dist\/page\/(index\.html|page\.css|icon\.svg)$/,
];

test("publint finds nothing to object to", async () => {
  await ensureBuilt();
  const { messages } = await publint({ pkgDir: root, strict: true });
  expect(messages.map((message) => formatMessage(message, manifest))).toEqual([]);
});

test("the package holds what is needed to run, and nothing else", async () => {
  await ensureBuilt();
  const { out } = await say("npm", ["pack", "--dry-run", "--ignore-scripts", "--json"]);
  const files = (JSON.parse(out)[0].files as { path: string }[]).map(({ path }) => path);
  expect(files.filter((path) => !ALLOWED.some((allowed) => allowed.test(path)))).toEqual([]);
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
  const compiled = sources.filter((path) => /\.ts$/.test(path)).map((path) => `dist/${path.replace(/\.ts$/, ".js")}`);
  const copied = readdirSync(join(root, "src/page/static")).map((name) => `dist/page/${name}`);
  const typed = ["activity", "consumer"].map((name) => `dist/activity/${name}.d.ts`);
  expect(files.filter((path) => path.startsWith("dist/")).sort()).toEqual([...compiled, ...copied, ...typed].sort());
  const needed = ["README.md", "LICENSE", "schemas/activity.avsc", `schemas/released/${SCHEMA_VERSION}.avsc`];
  expect(files).toEqual(expect.arrayContaining(needed));
});

describe("installed into an empty folder", () => {
  let dir: string;

  beforeAll(async () => {
    await ensureBuilt();
    dir = scratchDir("npm");
    const packed = await say("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", dir]);
    const tarball = join(dir, JSON.parse(packed.out)[0].filename);
    writeFileSync(join(dir, "package.json"), '{ "type": "module" }\n');
    const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
    const installed = await say("npm", ["install", ...flags, tarball], { cwd: dir });
    expect(installed, installed.err).toMatchObject({ code: 0 });
  });

  afterAll(() => discard(dir));

  const node = (script: string, ...args: string[]) =>
    say(process.execPath, ["--input-type=module", "--eval", script, ...args], { cwd: dir });

  test("it shows its help, has its page and scans a tenant", async () => {
    const command = join(dir, "node_modules/.bin/mdca-kafka-source");
    const help = await say(command, ["--help"], { cwd: dir });
    expect(help).toMatchObject({ code: 0, out: expect.stringContaining("mdca-kafka-source <command>") });
    expect((await say(command, ["--version"], { cwd: dir })).out.trim()).toBe(manifest.version);
    const page = await node(`
      import { readPageFiles } from "./node_modules/mdca-kafka-source/dist/observe/page-files.js";
      console.log([...readPageFiles().keys()].join(" "));`);
    expect(page.out.split(/\s/)).toEqual(
      expect.arrayContaining(["/", "/page/main.js", "/page/page.css", "/page/uplot.js"]),
    );
    await using tenant = await startMockTenant({ backlog: 20, requestLimit: null });
    const env = { MDCA_TOKEN: "mock-token" };
    const scanned = await say(command, ["scan", "--url", tenant.url, "--since", "2d"], { cwd: dir, env });
    expect(scanned, scanned.err).toMatchObject({ code: 0 });
    const ids = scanned.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)._id);
    expect(new Set(ids).size).toBe(20);
  });

  test("a consumer decodes activities with it, and nothing else of it can be imported", async () => {
    const encode = openEncoder({ schemaId: 1, raw: "include", onMismatch: () => {} });
    const value = encode(activityOf({ _id: "a", appName: "Box" }), context).toString("base64");
    const decoded = await node(
      `import { embeddedDecoder } from "mdca-kafka-source/activity";
      const headers = { "schema-version": "${SCHEMA_VERSION}" };
      console.log(JSON.stringify(embeddedDecoder()({ value: Buffer.from(process.argv[1], "base64"), headers })));`,
      value,
    );
    expect(decoded, decoded.err).toMatchObject({ code: 0 });
    expect(JSON.parse(decoded.out)).toMatchObject({ _id: "a", appName: "Box", scan: context.scan, uid: null });
    const inside = await node('import "mdca-kafka-source/dist/activity/encode.js";');
    expect(inside).toMatchObject({ code: 1, err: expect.stringContaining("ERR_PACKAGE_PATH_NOT_EXPORTED") });
  });

  test("the consumer that the docs show is well typed, and what is not there is not", async () => {
    const [consumer = ""] = fenced("docs/consuming.md", "ts");
    writeFileSync(join(dir, "consumer.ts"), consumer);
    writeFileSync(join(dir, "types.ts"), WELL_TYPED);
    const compilerOptions = {
      ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noEmit: true },
      ...{ module: "NodeNext", target: "ES2022", types: ["node"], typeRoots: [join(root, "node_modules/@types")] },
    };
    const files = ["consumer.ts", "types.ts"];
    writeFileSync(join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
    const compiled = await say(join(root, "node_modules/.bin/tsc"), ["-p", dir], { cwd: dir });
    expect(compiled, compiled.out).toMatchObject({ code: 0 });
  });
});

/** Compiles as it is: each line under a `@ts-expect-error` has to be an error. */
const WELL_TYPED = `
import { type Activity, embeddedDecoder, registryDecoder } from "mdca-kafka-source/activity";
const activity: Activity = embeddedDecoder()({ value: new Uint8Array() });
const later: Promise<Activity> = registryDecoder({ url: "http://localhost:8081" })({ value: null, headers: {} });
const id: string = activity._id;
const created: number | null = activity.created;
const role: number | null | undefined = activity.mainInfo?.eventObjects?.[0]?.role;
const flag: boolean | undefined = activity.eventRouting?.["adminEvent"];
// @ts-expect-error: it may be null
const name: string = activity.appName;
// @ts-expect-error: there is no such field
activity.nothing;
// @ts-expect-error: nobody changes what was read
activity._id = "b";
export { later, id, created, role, flag, name };
`;

import { expect, test } from "vitest";
import type { Changes } from "../../../src/config/changes.ts";
import { ConfigWatch, lookAt, type WatchEvents } from "../../../src/config/watch.ts";
import { ConnectorError } from "../../../src/kit/errors.ts";
import { VirtualClock } from "../../fakes/virtual-clock.ts";

const FILE = "/etc/mdca.yaml";
const tenant = (name: string, more = "") => `
  ${name}:
    apiUrl: https://${name}.us3.portal.cloudappsecurity.com
    auth: { token: "\${file:/run/token}" }${more}`;
const BASE = `tenants:${tenant("contoso")}\n`;
const TWO = `tenants:${tenant("contoso")}${tenant("fabrikam")}\n`;

/** Files in memory, a watch on them, and what it told: `taken by file: …`, `refused by signal: …`. */
class Watched {
  readonly clock = new VirtualClock(0);
  readonly files = new Map([
    [FILE, BASE],
    ["/run/token", "t0ken"],
  ]);
  readonly told: string[] = [];
  readonly watch: ConfigWatch;
  /** What taking a configuration fails with; once. */
  failure: ConnectorError | null = null;
  readonly #stop = new AbortController();

  constructor() {
    const read = (path: string): string => {
      const text = this.files.get(path);
      if (text === undefined) throw Object.assign(new Error("gone"), { code: "ENOENT" });
      return text;
    };
    const look = () => lookAt({ file: FILE, sets: [], env: {} }, read);
    const { result, files } = look();
    if (result instanceof ConnectorError) throw result;
    const deps = { look, readFile: async (path: string) => read(path), clock: this.clock };
    this.watch = new ConfigWatch(deps, result, files);
    void this.watch.run(this.#events(), this.#stop.signal).catch(() => undefined);
  }

  #events(): WatchEvents {
    return {
      take: async () => {
        const { failure } = this;
        this.failure = null;
        if (failure !== null) throw failure;
      },
      taken: (_, { touched, secrets }: Changes, cause) => {
        this.told.push(`taken by ${cause}: ${[...touched, ...secrets].join(" ")}`);
      },
      refused: (reason, cause) => this.told.push(`refused by ${cause}: ${reason}`),
    };
  }

  async pass(ms: number): Promise<void> {
    const untilMs = this.clock.nowMs() + ms;
    await this.clock.runUntil(() => this.clock.nowMs() >= untilMs, 1_000);
  }
}

test("what stays as it is is left alone; another text is taken, and taken once", async () => {
  const watched = new Watched();
  await watched.pass(60_000);
  expect(watched.told).toEqual([]);
  watched.files.set(FILE, TWO);
  await watched.pass(60_000);
  expect(watched.told).toEqual(["taken by file: fabrikam"]);
});

test("who is still writing is let finish: half a file that could be read is not taken", async () => {
  const watched = new Watched();
  await watched.pass(4_500);
  watched.files.set(FILE, TWO);
  await watched.pass(700);
  for (const name of ["a", "b", "c"]) {
    watched.files.set(FILE, `tenants:${tenant(name)}\n`);
    await watched.pass(900);
  }
  watched.files.set(FILE, BASE.replace("contoso:", "contoso: # the same"));
  await watched.pass(20_000);
  expect(watched.told).toEqual(["taken by file: "]);
});

test("half a file that stands is refused, and the whole one taken", async () => {
  const watched = new Watched();
  watched.files.set(FILE, TWO.slice(0, -20));
  await watched.pass(20_000);
  watched.files.set(FILE, TWO);
  await watched.pass(20_000);
  expect(watched.told).toEqual([
    expect.stringMatching(/^refused by file: .*2 problems.*not readable as YAML/s),
    "taken by file: fabrikam",
  ]);
});

test("a refused file is refused whole, with every error, and once; what is in force is what came before it", async () => {
  const watched = new Watched();
  watched.files.set(
    FILE,
    `tenants:${tenant("contoso", "\n    requestsPerMinute: 1")}${tenant("fabrikam")}\nkafka: { a: 1 }\n`,
  );
  await watched.pass(60_000);
  expect(watched.told).toEqual([expect.stringMatching(/2 problems\n.*requestsPerMinute.*\n.*kafka/)]);
  watched.files.set(FILE, `${TWO}http: { port: 1 }\nmemory: { ids: 1GiB }\n`);
  await watched.pass(60_000);
  expect(watched.told[1]).toMatch(/2 options.*\n {2}memory\.ids: restart needed.*\n {2}http\.port: restart needed/);
  watched.files.set(FILE, TWO);
  await watched.pass(60_000);
  expect(watched.told.slice(2)).toEqual(["taken by file: fabrikam"]);
});

test("a rotated secret is seen, and so is a missing one; that it is used at requests is no look", async () => {
  const watched = new Watched();
  watched.files.set("/run/token", "rotated");
  await watched.pass(20_000);
  watched.files.delete("/run/token");
  await watched.pass(20_000);
  watched.files.set("/run/token", "rotated");
  await watched.pass(20_000);
  expect(watched.told).toEqual([
    "taken by file: contoso tenants.contoso.auth.token",
    expect.stringMatching(/^refused by file: .*\/run\/token/s),
    "taken by file: ",
  ]);
});

test("a signal has the file taken at once, as it is", async () => {
  const watched = new Watched();
  watched.files.set(FILE, TWO);
  watched.watch.ask();
  await watched.pass(1);
  watched.watch.ask();
  await watched.pass(20_000);
  expect(watched.told).toEqual(["taken by signal: fabrikam", "taken by signal: "]);
});

test("what could not be taken for a reason that may pass is tried again, another is not", async () => {
  const watched = new Watched();
  watched.failure = new ConnectorError("kafka_unavailable", "no broker", { disposition: "retry" });
  watched.files.set(FILE, TWO);
  await watched.pass(20_000);
  expect(watched.told).toEqual(["refused by file: no broker", "taken by file: fabrikam"]);
  watched.failure = new ConnectorError("topic_misconfigured", "7 partitions", { disposition: "fatal" });
  watched.files.set(FILE, BASE);
  await watched.pass(60_000);
  expect(watched.told.slice(2)).toEqual(["refused by file: 7 partitions"]);
});

test("a secret that is revealed after its file has changed does not hide the change", async () => {
  const files = new Map([
    [FILE, BASE],
    ["/run/token", "t0ken"],
  ]);
  const { result, files: seen } = lookAt({ file: FILE, sets: [], env: {} }, (path) => files.get(path) ?? "");
  const before = new Map(seen);
  files.set("/run/token", "rotated");
  if (result instanceof ConnectorError) throw result;
  const { auth } = result.config.tenants[0]!;
  expect(auth.kind === "token" && auth.token.reveal()).toBe("rotated");
  expect(seen).toEqual(before);
});

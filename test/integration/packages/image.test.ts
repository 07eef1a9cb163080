import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { checker, say } from "../../real/checkers.ts";
import { buildImage } from "../../real/dockerfile.ts";
import { discard, eventually, freePort, root, scratchDir, start } from "../../real/process.ts";

/** What the base image has: Node 24 (with the npm of this machine). */
const node24 = dirname(readFileSync(join(root, ".cache/node24.path"), "utf8").trim());
const PATH = `${node24}:${process.env["PATH"]}`;

/** Everything under a folder with its size and time: equal as long as nothing was written. */
function contents(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .sort()
    .map((path) => {
      const { size, mtimeMs } = statSync(join(folder, path));
      return `${path} ${size} ${mtimeMs}`;
    });
}

test("hadolint finds nothing to object to", async () => {
  expect(await checker("hadolint", "--failure-threshold", "style", "Dockerfile")).toEqual({
    code: 0,
    out: "",
    err: "",
  });
});

test("the image's steps, in a clean folder, make a connector that runs and writes no file", async () => {
  const dir = scratchDir("image");
  onTestFinished(() => discard(dir));
  const image = await buildImage(dir, { PATH, npm_config_prefer_offline: "true", npm_config_loglevel: "error" });
  expect(image.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  expect(image.env).toMatchObject({ NODE_ENV: "production", MDCA_SOURCE__HTTP__HOST: "0.0.0.0" });
  expect(readdirSync(image.workdir).sort()).toEqual(["LICENSE", "dist", "node_modules", "package.json", "schemas"]);
  expect(readdirSync(join(image.workdir, "node_modules"))).not.toContain("typescript");
  const before = contents(image.workdir);

  const port = await freePort();
  const config = join(dir, "config.yaml");
  const yaml = `tenants: { t: { apiUrl: "http://127.0.0.1:9", auth: { token: "\${env:TOKEN}" } } }
kafka: { brokers: ["127.0.0.1:9"] }
http: { port: ${port} }
`;
  writeFileSync(config, yaml);
  const [command = "", ...entry] = image.entrypoint;
  const cmd = image.cmd.map((word) => (word === "/etc/mdca-kafka-source/config.yaml" ? config : word));
  // On loopback only, as everything that a test starts.
  const env = { ...image.env, PATH, TOKEN: "a-token-of-the-image", MDCA_SOURCE__HTTP__HOST: "127.0.0.1" };
  await using connector = start([command, ...entry, ...cmd], { name: "image", cwd: image.workdir, env });
  const [, ...healthcheck] = image.healthcheck.map((word) => word.replaceAll("9464", String(port)));
  const isHealthy = async () => (await say(join(node24, "node"), healthcheck, { env: { PATH } })).code === 0;
  await eventually(isHealthy, 30_000, "the image's health check to pass");
  for (const path of ["", "page/main.js", "page/uplot.js"]) {
    expect((await fetch(`http://127.0.0.1:${port}/${path}`)).status, path).toBe(200);
  }
  expect((await connector.stop()).code).toBe(143);
  expect(await isHealthy()).toBe(false);
  expect(contents(image.workdir)).toEqual(before);
});

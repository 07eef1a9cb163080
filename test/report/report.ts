/** Writes one page from what the last runs have left; what `make report` calls. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../real/process.ts";
import { type Found, page } from "./page.ts";

const left = <K extends keyof Found>(name: K): Found[K] | null => {
  const file = join(root, "test-results", name, "last.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Found[K]) : null;
};
const target = join(root, "test-results/report/index.html");
mkdirSync(dirname(target), { recursive: true });
writeFileSync(target, page({ soak: left("soak"), mutants: left("mutants") }));
console.log("test-results/report/index.html");

// Exits 1 when node_modules is not what package-lock.json says. Contents are compared: file times mean nothing after
// a clone.
import { readFileSync } from "node:fs";

function packages(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages;
  } catch {
    return {};
  }
}

const installed = packages("node_modules/.package-lock.json");
const missing = Object.entries(packages("package-lock.json")).filter(
  ([path, wanted]) => path !== "" && wanted.optional !== true && installed[path]?.version !== wanted.version,
);
process.exitCode = missing.length > 0 ? 1 : 0;

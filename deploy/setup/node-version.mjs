// Exits 1, with a sentence, unless this Node satisfies what package.json asks for (">=major.minor").
import { readFileSync } from "node:fs";

const wanted = JSON.parse(readFileSync("package.json", "utf8")).engines.node.replace(">=", "");
const [major, minor] = wanted.split(".").map(Number);
const [haveMajor, haveMinor] = process.versions.node.split(".").map(Number);
if (haveMajor < major || (haveMajor === major && haveMinor < minor)) {
  console.error(`setup: Node ${wanted} or later is needed, this is ${process.versions.node}`);
  process.exitCode = 1;
}

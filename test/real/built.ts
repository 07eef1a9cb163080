import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { runTool } from "./jvm.ts";
import { root } from "./process.ts";

/** `dist` as the sources are now: compiled here when it is missing or older. @throws with the compiler's output. */
export async function ensureBuilt(): Promise<void> {
  const main = join(root, "dist/main.js");
  if (existsSync(main) && statSync(main).mtimeMs > newestMs(join(root, "src"))) return;
  await runTool(["npm", "run", "--silent", "compile"], { timeoutMs: 180_000 });
}

function newestMs(dir: string): number {
  const entries = readdirSync(dir, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  return Math.max(...files.map((file) => statSync(join(file.parentPath, file.name)).mtimeMs));
}

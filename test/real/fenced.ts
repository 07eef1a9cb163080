import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./process.ts";

/** The fenced blocks of a language in a page, in their order, so that what readers are told to run is what is run. */
export function fenced(page: string, language: string): readonly string[] {
  const text = readFileSync(join(root, page), "utf8");
  const blocks = text.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\`$`, "gm"));
  return [...blocks].map(([, indent = "", block = ""]) => block.replaceAll(new RegExp(`^${indent}`, "gm"), ""));
}

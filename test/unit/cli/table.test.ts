import { expect, test } from "vitest";
import { table } from "../../../src/cli/table.ts";

test("columns are as wide as their widest cell, and lines have no blanks at their end", () => {
  const rows = [
    ["A", "BB", "C"],
    ["long", "b"],
    ["", "x", "y"],
  ];
  expect(table(rows)).toEqual(["A     BB  C", "long  b", "      x   y"]);
  expect(table([])).toEqual([]);
});

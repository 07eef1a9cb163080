import { expect, test } from "vitest";
import { EMPTY_DIGEST, idHash, mixed } from "../../../src/scan/digest.ts";

test("a digest is the same in whatever order and portions its ids come, and another without one of them", () => {
  const [a, b, c] = ["a", "b", "c"].map(idHash) as [Buffer, Buffer, Buffer];
  const all = mixed(EMPTY_DIGEST, [a, b, c]);
  expect(mixed(mixed(EMPTY_DIGEST, [c]), [b, a])).toBe(all);
  expect(mixed(EMPTY_DIGEST, [a, b])).not.toBe(all);
  expect(mixed(all, [a, b, c])).toBe(EMPTY_DIGEST);
  expect(mixed(EMPTY_DIGEST, [])).toBe(EMPTY_DIGEST);
});

test("an id is the first sixteen bytes of the SHA-256 of its UTF-8", () => {
  expect(idHash("abc").toString("hex")).toBe("ba7816bf8f01cfea414140de5dae2223");
});

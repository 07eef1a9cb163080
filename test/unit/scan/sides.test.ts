import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EMPTY_DIGEST, idHash, mixed } from "../../../src/scan/digest.ts";
import { contentDigest } from "../../../src/scan/shown.ts";
import { Sides } from "../../../src/scan/sides.ts";
import { HOUR_MS, NOW_MS } from "./cursors.ts";

const stretch = { fromMs: NOW_MS, untilMs: NOW_MS + 3 * HOUR_MS };
const sidesOf = (bytesMax = 1 << 20) => new Sides({ ...stretch, bytesMax, namedMax: 40 });
const content = (text: string) => contentDigest(Buffer.from(text));
const at = (name: string, valueMs: number, body = "as it was") => ({
  id: idHash(name),
  text: name,
  valueMs,
  content: content(body),
});
const names = ({ listed }: { readonly listed: readonly { readonly text: string }[] }) =>
  listed.map(({ text }) => text).sort();
const NEVER_GONE = () => false;

/** What becomes of one activity, on either side: nothing is both published and dead-lettered. */
const fates = fc.record({
  /** Hours from the beginning; some lie outside. */
  hour: fc.integer({ min: -1, max: 3 }),
  published: fc.integer({ min: 0, max: 3 }),
  since: fc.integer({ min: 0, max: 2 }),
  letter: fc.constantFrom("none", "before", "since"),
  shown: fc.integer({ min: 0, max: 2 }),
  altered: fc.boolean(),
  raw: fc.boolean(),
});
const fate = fates.map((each) => (each.published + each.since > 0 ? { ...each, letter: "none" } : each));

describe("the sides of a stretch", () => {
  test("name exactly what differs, whatever happens to each activity", () => {
    fc.assert(
      fc.property(fc.array(fate, { maxLength: 30 }), (fates) => {
        const sides = sidesOf();
        const all = fates.map((each, index) => {
          const activity = at(`a${index}`, NOW_MS + each.hour * HOUR_MS + index);
          return { ...each, activity, out: { ...activity, content: each.raw ? activity.content : null } };
        });
        for (const { published, out } of all) for (let i = 0; i < published; i++) sides.addPublished(out);
        for (const { letter, activity } of all) if (letter === "before") sides.addLetter(activity);
        sides.since(NEVER_GONE);
        for (const { shown, activity, altered } of all)
          for (let i = 0; i < shown; i++)
            sides.addShown(altered ? { ...activity, content: content("other") } : activity);
        for (const { since, out } of all) for (let i = 0; i < since; i++) sides.addPublished(out);
        for (const { letter, activity } of all) if (letter === "since") sides.addLetter(activity);

        const inside = all.filter(({ hour }) => hour >= 0 && hour < 3);
        const named = (which: (each: (typeof all)[number]) => boolean) =>
          inside
            .filter(which)
            .map(({ activity }) => activity.text)
            .sort();
        const isThere = ({ published, since, letter }: (typeof all)[number]) =>
          published + since > 0 || letter !== "none";
        const missing = named((each) => each.shown > 0 && !isThere(each));
        expect(names(sides.missing)).toEqual(missing);
        expect(sides.missing.count).toBe(missing.length);
        expect(names(sides.twice)).toEqual(named(({ published, since }) => published + since > 1));
        const hasRaw = ({ published, since, raw }: (typeof all)[number]) => published + since === 0 || raw;
        expect(names(sides.changed)).toEqual(
          named((each) => each.altered && each.shown > 0 && isThere(each) && hasRaw(each)),
        );
        const extras = inside.filter(({ published, shown }) => published > 0 && shown === 0);
        expect(sides.extras).toBe(extras.length);
        expect(all.filter(({ activity }) => sides.isExtra(activity.id))).toEqual(extras);
        for (const hour of [0, 1, 2]) {
          const of = (which: (each: (typeof all)[number]) => boolean) => {
            const ids = all.filter((each) => each.hour === hour && which(each)).map(({ activity }) => activity.id);
            return { ids: ids.length, digest: mixed(EMPTY_DIGEST, ids) };
          };
          const sliceMs = NOW_MS + hour * HOUR_MS;
          expect(sides.published.of(sliceMs)).toEqual(of(isThere));
          expect(sides.shown.of(sliceMs)).toEqual(of(({ shown }) => shown > 0));
          expect(sides.missingByHour.of(sliceMs)).toEqual(of((each) => each.shown > 0 && !isThere(each)));
          expect(sides.published.with(sides.missingByHour, sliceMs)).toEqual(
            of((each) => each.shown > 0 || isThere(each)),
          );
        }
      }),
    );
  });

  test("what retention may have taken is not missing, unless it is there", () => {
    const sides = sidesOf();
    sides.addPublished(at("kept", NOW_MS + 1));
    sides.since((valueMs) => valueMs < NOW_MS + HOUR_MS);
    for (const name of ["kept", "gone", "again"]) sides.addShown(at(name, NOW_MS + 1));
    sides.addShown(at("missing", NOW_MS + HOUR_MS));
    sides.addPublished(at("again", NOW_MS + 1));
    expect(sides.counts).toMatchObject({ gone: 1, shown: 4, published: 2 });
    expect(names(sides.missing)).toEqual(["missing"]);
  });

  test("hold 32 bytes an id, and say what to do where that does not fit", () => {
    const sides = sidesOf(320);
    for (let i = 0; i < 10; i++) sides.addPublished(at(`a${i}`, NOW_MS));
    sides.addShown(at("a3", NOW_MS));
    expect(() => sides.addShown(at("one more", NOW_MS))).toThrow(
      "10 ids do not fit into memory.ids (320 bytes, 32 each): compare a shorter stretch",
    );
  });

  test("past so many differences of a kind they are counted alone, and none is counted too often", () => {
    const sides = sidesOf();
    sides.since(NEVER_GONE);
    const count = 50;
    for (let i = 0; i < count; i++) sides.addShown(at(`a${i}`, NOW_MS));
    expect(sides.missing.count).toBe(count);
    expect(sides.missing.listed).toHaveLength(40);
    for (let i = 0; i < count; i++) sides.addPublished(at(`a${i}`, NOW_MS));
    expect(sides.missing).toEqual({ count: 0, listed: [] });
    expect(sides.missingByHour.of(NOW_MS)).toEqual({ ids: 0, digest: EMPTY_DIGEST });
  });
});

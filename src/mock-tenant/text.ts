import { type Archive, at } from "./archive.ts";
import { KINDS } from "./kinds.ts";
import { activityModel, type SlotName } from "./models.ts";
import { fraction, guid, noise } from "./noise.ts";
import { PEOPLE, type Person, PLACES, type Place } from "./people.ts";
import { compileTemplate, escaped } from "./slots.ts";

const SALT = {
  a: 40,
  b: 45,
  c: 50,
  link: 60,
  number: 61,
  big: 62,
  user: 63,
  entity: 64,
  instant: 65,
  large: 66,
  file: 67,
};

const TEMPLATES = KINDS.map((kind) => compileTemplate<SlotName>(activityModel(kind)));
/** `/` may be escaped in JSON, and any character may be written as `\u`; both are kept in these texts. */
const FILE_NAMES = [
  "iban example.docx",
  "報告書 😀.xlsx",
  escaped('quote " back \\ .txt'),
  "a\\/b\\u00e9c.pdf",
  "}],.csv",
];

const WHOLE: readonly Readonly<Record<"location", string>>[] = PLACES.map((place) => ({
  location: JSON.stringify(locationOf(place)),
}));
const NAMES = PEOPLE.map((person) => ({
  userName: escaped(person.userName),
  displayName: escaped(person.displayName),
}));

function locationOf(place: Place): object {
  return {
    countryCode: place.countryCode,
    city: place.city,
    regionCode: place.regionCode,
    region: place.region,
    longitude: place.longitude,
    latitude: place.latitude,
    organizationSearchable: place.organization,
    carrier: place.carrier,
    postalCode: place.postalCode,
    anonymousProxy: place.category === 3,
    isSatelliteProvider: false,
    category: place.category,
    categoryValue: place.categoryValue,
    ...(place.tags.length > 0 ? { ipTags: place.tags } : {}),
  };
}

/** `userName` as a text, absent, or an object: all have been met. */
function userText(form: number, person: Person): string {
  const userTags = [person.tag];
  if (form < 0.6) return JSON.stringify({ userName: person.userName, userTags });
  if (form < 0.85) return JSON.stringify({ userTags });
  return JSON.stringify({ userName: { failedUserData: { userName: person.userName } }, userTags });
}

/** An object with the indexes as keys and nulls among its members, a list, empty in both forms, or null. */
function entityText(form: number, person: Person): string {
  const entity = (id: string, saas: number) => ({
    displayName: person.displayName,
    id: { id, saas, inst: 0 },
    resolved: true,
  });
  const account = entity(person.userName, 11_161);
  if (form < 0.55) return JSON.stringify({ "0": account, "1": null, "2": entity(person.objectId, 11_161) });
  if (form < 0.85) return JSON.stringify([account]);
  return form < 0.9 ? "[]" : form < 0.95 ? "{}" : "null";
}

/** Integers around the signed and unsigned limits of 32, 53 and 64 bits. */
function bigInteger(index: number, draw: number): string {
  const forms = ["2147483648", "9007199254740993", "-9223372036854775808", "18446744073709551615"];
  const form = forms[draw % forms.length] ?? "0";
  return index % 2 === 0 ? form : `${900_719_925 + index}0719925474099${draw % 10}`;
}

export interface LargeShare {
  readonly largeShare: number;
  readonly largeBytes: number;
}

/** The exact JSON text of an activity. A function of the archive's seed, the index and the times alone. */
export function activityText(archive: Archive, index: number, large: LargeShare): string {
  const { seed } = archive;
  const template = TEMPLATES[at(archive.kind, index)];
  const person = PEOPLE[at(archive.person, index)];
  const place = PLACES[at(archive.place, index)];
  if (template === undefined || person === undefined || place === undefined) throw new Error("no such activity");
  const fill = filler(archive, index, person, place);
  const { pieces, slots } = template;
  let text = pieces[0] ?? "";
  for (let part = 0; part < slots.length; part++) {
    const name = slots[part] as SlotName;
    text += name === "padding" ? padding(seed, index, large) : fill(name);
    text += pieces[part + 1];
  }
  return text;
}

function padding(seed: number, index: number, large: LargeShare): string {
  const draw = fraction(seed, index, SALT.large);
  return draw < large.largeShare ? "long text é ".repeat(Math.ceil(large.largeBytes / 13)) : "";
}

type Fill = (name: SlotName) => string;

/** Each value is worked out once, on first use. */
function filler(archive: Archive, index: number, person: Person, place: Place): Fill {
  const { seed } = archive;
  const created = at(archive.created, index);
  const timestamp = at(archive.timestamp, index);
  const names = NAMES[at(archive.person, index)];
  const values = new Map<SlotName, string>();
  const compute: Readonly<Record<SlotName, () => string>> = {
    id: () => archive.idOf(index),
    created: () => String(created),
    timestamp: () => String(timestamp),
    instantiation: () => String(Math.max(timestamp, created - 200 - (noise(seed, index, SALT.instant) % 44_000))),
    isoTime: () => new Date(timestamp).toISOString().replace("Z", "0000Z"),
    isoCreated: () => new Date(created).toISOString().replace("Z", "0000Z"),
    guidA: () => guid(seed, index, SALT.a),
    guidB: () => guid(seed, index, SALT.b),
    guidC: () => guid(seed, index, SALT.c),
    userName: () => names?.userName ?? "",
    displayName: () => names?.displayName ?? "",
    objectId: () => person.objectId,
    userTag: () => person.tag,
    ip: () => place.ip,
    countryCode: () => place.countryCode,
    location: () => WHOLE[at(archive.place, index)]?.location ?? "null",
    user: () => userText(fraction(seed, index, SALT.user), person),
    entityData: () => entityText(fraction(seed, index, SALT.entity), person),
    link: () => String(noise(seed, index, SALT.link) | 0),
    number: () => String(noise(seed, index, SALT.number)),
    bigInteger: () => bigInteger(index, noise(seed, index, SALT.big)),
    fileName: () => FILE_NAMES[noise(seed, index, SALT.file) % FILE_NAMES.length] ?? "",
    padding: () => "",
  };
  return (name) => {
    let value = values.get(name);
    if (value === undefined) {
      value = compute[name]();
      values.set(name, value);
    }
    return value;
  };
}

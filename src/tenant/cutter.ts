import type { TakeActivity } from "./answer.ts";
import { MISMATCHED, UNFINISHED, ValueScanner } from "./json-value.ts";
import { KeptBytes } from "./kept-bytes.ts";

/** What a body was found to be, structurally. `elements`: how many were handed to the taker. */
export type Cut =
  | {
      /** One sound JSON object; the elements of `data` may still be bad JSON inside their brackets. */
      readonly kind: "object";
      /** Name → exact JSON text of each top-level member, the last one of a name; `data` only if not an array. */
      readonly members: ReadonlyMap<string, string>;
      /** Names that came more than once. */
      readonly repeated: ReadonlySet<string>;
      readonly hasData: boolean;
      /** Members came before `data`. */
      readonly leads?: true;
      readonly elements: number;
    }
  /** Nothing but white space. */
  | { readonly kind: "empty"; readonly elements: number }
  /** Sound as far as it goes, but it ends in the middle. */
  | { readonly kind: "cut_off"; readonly elements: number }
  /** Not a JSON object, or its structure is broken. */
  | { readonly kind: "unsound"; readonly reason: string; readonly elements: number }
  /** A limit was reached, or the taker wanted no more. */
  | { readonly kind: "too_large"; readonly reason: string; readonly elements: number };

export interface CutterLimits {
  /** Of one element of `data`; bytes. */
  readonly elementMaxBytes: number;
  /** Of all other members together; bytes. */
  readonly envelopeMaxBytes: number;
}

/** What may come next, outside of values. */
type Expect =
  | "object"
  | "first_key"
  | "key"
  | "colon"
  | "value"
  | "first_element"
  | "element"
  | "after_element"
  | "after_member"
  | "nothing";
type Role = "key" | "member" | "element";

const STRUCTURE = new Set([..."{}[]:,"].map((character) => character.charCodeAt(0)));
const OPEN_ARRAY = 0x5b;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Cuts the elements of the top-level `data` array out of a JSON object as its bytes arrive, in any chunks, and
 * keeps the text of the other members. What the body does never throws: it is in what `end` returns. Time is
 * linear; memory is one element and the envelope.
 */
export class PageCutter {
  readonly #take: TakeActivity;
  readonly #limits: CutterLimits;
  readonly #value = new ValueScanner();
  readonly #kept = new KeptBytes();
  readonly #members = new Map<string, string>();
  readonly #repeated = new Set<string>();
  #expect: Expect = "object";
  /** The role of the value that goes on in the next chunk; null between values. */
  #open: Role | null = null;
  #key = "";
  #hasData = false;
  #leads = false;
  #envelopeBytes = 0;
  #elements = 0;
  #offset = 0;
  #bomSeen = 0;
  #failure: Cut | null = null;

  constructor(take: TakeActivity, limits: CutterLimits) {
    this.#take = take;
    this.#limits = limits;
  }

  get elements(): number {
    return this.#elements;
  }

  /** Returns false when it is decided that this is not a page: further chunks would be ignored. */
  push(chunk: Buffer): boolean {
    let at = this.#offset < 3 ? this.#skipBom(chunk) : 0;
    while (at < chunk.length && this.#failure === null) {
      at = this.#open === null ? this.#structure(chunk, at) : this.#goOn(chunk, at);
    }
    this.#offset += chunk.length;
    return this.#failure === null;
  }

  /** The body has ended. */
  end(): Cut {
    if (this.#failure !== null) return this.#failure;
    const elements = this.#elements;
    if (this.#expect === "object") return { kind: "empty", elements };
    if (this.#expect !== "nothing") return { kind: "cut_off", elements };
    const whole = { kind: "object", members: this.#members, repeated: this.#repeated } as const;
    return { ...whole, hasData: this.#hasData, elements, ...(this.#leads ? { leads: true } : {}) };
  }

  /** A byte order mark may open the body; its three bytes may come in three chunks. */
  #skipBom(chunk: Buffer): number {
    let at = 0;
    while (this.#bomSeen === this.#offset + at && this.#bomSeen < 3 && chunk[at] === BYTE_ORDER_MARK[this.#bomSeen]) {
      this.#bomSeen += 1;
      at += 1;
    }
    if (this.#bomSeen % 3 !== 0 && at < chunk.length) this.#unsound("a broken byte order mark", at);
    return at;
  }

  /** One step over white space and one structural byte or the start of one value. Returns where to go on. */
  #structure(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && isSpace(chunk[at] as number)) at += 1;
    if (at === chunk.length) return at;
    const byte = chunk[at] as number;
    const next = NEXT[this.#expect](String.fromCharCode(byte));
    if (next === null) {
      this.#unsound(`${this.#expect.replace("_", " ")} expected`, at);
      return at;
    }
    if (typeof next === "string") {
      this.#expect = next;
      return at + 1;
    }
    if (next.role === "member" && this.#key === "data" && byte === OPEN_ARRAY) {
      this.#hasData = true;
      this.#leads = this.#members.size > 0;
      this.#expect = "first_element";
      return at + 1;
    }
    return this.#startValue(chunk, at, next.role);
  }

  #startValue(chunk: Buffer, at: number, role: Role): number {
    const end = this.#value.start(chunk, at);
    if (end === UNFINISHED || end === MISMATCHED) return this.#pause(chunk, at, role, end);
    if (this.#fits(role, end - at)) this.#finish(role, Buffer.from(chunk.subarray(at, end)), at);
    return end;
  }

  #goOn(chunk: Buffer, at: number): number {
    const role = this.#open as Role;
    const end = this.#value.resume(chunk, at);
    if (end === UNFINISHED || end === MISMATCHED) return this.#pause(chunk, at, role, end);
    this.#open = null;
    if (!this.#fits(role, this.#kept.length + end - at)) return end;
    this.#kept.append(chunk, at, end);
    this.#finish(role, this.#kept.take(), at);
    return end;
  }

  #pause(chunk: Buffer, at: number, role: Role, why: number): number {
    if (why === MISMATCHED) {
      this.#unsound("brackets that do not match", at);
    } else if (this.#fits(role, this.#kept.length + chunk.length - at)) {
      this.#open = role;
      this.#kept.append(chunk, at, chunk.length);
    }
    return chunk.length;
  }

  #fits(role: Role, bytes: number): boolean {
    if (role === "element") {
      if (bytes <= this.#limits.elementMaxBytes) return true;
      return this.#tooLarge(`one activity is larger than ${this.#limits.elementMaxBytes} bytes`);
    }
    if (this.#envelopeBytes + bytes <= this.#limits.envelopeMaxBytes) return true;
    return this.#tooLarge(`the page without its activities is larger than ${this.#limits.envelopeMaxBytes} bytes`);
  }

  #finish(role: Role, bytes: Buffer, at: number): void {
    if (role === "element") {
      this.#elements += 1;
      this.#expect = "after_element";
      if (!this.#take(bytes)) this.#tooLarge("the page is larger than what may be kept of it");
      return;
    }
    this.#envelopeBytes += bytes.length;
    const json = readJson(bytes);
    if (json === null) {
      this.#unsound(role === "key" ? "a name that is not JSON" : "a value that is not JSON", at);
    } else if (role === "key") {
      this.#finishKey(String(json.value), at);
    } else {
      this.#members.set(this.#key, json.text);
      this.#expect = "after_member";
    }
  }

  #finishKey(name: string, at: number): void {
    this.#key = name;
    this.#expect = "colon";
    if (this.#members.has(name) || (name === "data" && this.#hasData)) this.#repeated.add(name);
    // What was cut from the first one has been handed on already.
    if (this.#repeated.has("data")) this.#unsound('"data" twice', at);
  }

  #unsound(what: string, at: number): void {
    const reason = `${what} at byte ${this.#offset + at}`;
    this.#failure ??= { kind: "unsound", reason, elements: this.#elements };
  }

  #tooLarge(reason: string): false {
    this.#failure ??= { kind: "too_large", reason, elements: this.#elements };
    return false;
  }
}

/** For what is expected: what to expect after this character, the value that it starts, or null. */
const NEXT: Record<Expect, (character: string) => Expect | { readonly role: Role } | null> = {
  object: (character) => (character === "{" ? "first_key" : null),
  first_key: (character) => (character === "}" ? "nothing" : startsKey(character)),
  key: (character) => startsKey(character),
  colon: (character) => (character === ":" ? "value" : null),
  value: (character) => (startsValue(character) ? { role: "member" } : null),
  first_element: (character) => (character === "]" ? "after_member" : startsElement(character)),
  element: (character) => startsElement(character),
  after_element: (character) => (character === "," ? "element" : character === "]" ? "after_member" : null),
  after_member: (character) => (character === "," ? "key" : character === "}" ? "nothing" : null),
  nothing: () => null,
};

function startsKey(character: string): { readonly role: Role } | null {
  return character === '"' ? { role: "key" } : null;
}

function startsElement(character: string): { readonly role: Role } | null {
  return startsValue(character) ? { role: "element" } : null;
}

function startsValue(character: string): boolean {
  return character === "{" || character === "[" || !STRUCTURE.has(character.charCodeAt(0));
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function readJson(bytes: Buffer): { readonly text: string; readonly value: unknown } | null {
  try {
    const text = utf8.decode(bytes);
    return { text, value: JSON.parse(text) };
  } catch {
    return null;
  }
}

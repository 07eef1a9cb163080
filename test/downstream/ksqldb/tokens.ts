/** Comments are left out; `quoted` is an identifier in backticks, `word` one without (keywords included). */
export interface Token {
  readonly kind: "text" | "quoted" | "number" | "word" | "sign";
  /** Without its quotes; words in upper case, as ksqlDB takes them. */
  readonly value: string;
  readonly line: number;
}

const PATTERNS: readonly (readonly [Token["kind"] | null, RegExp])[] = [
  [null, /(?:--[^\n]*|\s+)/y],
  ["text", /'(?:[^']|'')*'/y],
  ["quoted", /`[^`]+`/y],
  ["number", /\d+/y],
  ["word", /[A-Za-z_][A-Za-z0-9_]*/y],
  ["sign", /(?:->|>=|<=|<>|[=<>+\-*/(),;[\]])/y],
];

/** @throws Error at what is no token. */
function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < sql.length) {
    const line = sql.slice(0, at).split("\n").length;
    const [kind, found] = matchAt(sql, at) ?? [null, null];
    if (found === null) throw new Error(`line ${line}: no token: ${sql.slice(at, at + 20)}`);
    at += found.length;
    if (kind === null) continue;
    const bare = kind === "text" || kind === "quoted" ? found.slice(1, -1) : found;
    tokens.push({ kind, value: kind === "word" ? bare.toUpperCase() : bare, line });
  }
  return tokens;
}

function matchAt(sql: string, at: number): [Token["kind"] | null, string] | null {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const found = pattern.exec(sql);
    if (found !== null) return [kind, found[0]];
  }
  return null;
}

/** Reads tokens one after the other. All throw an Error that names the line where something else was expected. */
export class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(sql: string) {
    this.#tokens = tokensOf(sql);
  }

  get done(): boolean {
    return this.#at === this.#tokens.length;
  }

  /** Whether the next token is this word or sign. */
  sees(value: string): boolean {
    const next = this.#tokens[this.#at];
    return next !== undefined && (next.kind === "word" || next.kind === "sign") && next.value === value;
  }

  /** Takes the next token if it is this word or sign. */
  passes(value: string): boolean {
    const seen = this.sees(value);
    if (seen) this.#at++;
    return seen;
  }

  /** Takes these words and signs. */
  need(...values: readonly string[]): void {
    for (const value of values) if (!this.passes(value)) this.fail(`expected ${value}`);
  }

  /** Takes the next token, of one of these kinds. */
  take(...kinds: readonly Token["kind"][]): Token {
    const next = this.#tokens[this.#at];
    if (next === undefined || !kinds.includes(next.kind)) this.fail(`expected ${kinds.join(" or ")}`);
    this.#at++;
    return next as Token;
  }

  /** The next token where it is a quoted identifier that stands for itself: a comma or FROM follows. */
  nextQuoted(): string | null {
    const [next, after] = this.#tokens.slice(this.#at);
    const alone = after?.value === "," || after?.value === "FROM";
    return next?.kind === "quoted" && alone ? next.value : null;
  }

  /** The word after the next `keyword` there is. Takes nothing. */
  ahead(keyword: string): Token {
    const rest = this.#tokens.slice(this.#at);
    const found = rest[rest.findIndex(({ kind, value }) => kind === "word" && value === keyword) + 1];
    return found?.kind === "word" ? found : this.fail(`expected ${keyword} and a name`);
  }

  fail(reason: string): never {
    const next = this.#tokens[this.#at];
    throw new Error(next === undefined ? `at the end: ${reason}` : `line ${next.line}: ${reason}, found ${next.value}`);
  }
}

/** Elements parted by commas, at least one. */
export function list<Element>(reader: Reader, element: () => Element): Element[] {
  const elements = [element()];
  while (reader.passes(",")) elements.push(element());
  return elements;
}

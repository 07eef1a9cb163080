import { list, type Reader } from "./tokens.ts";
import { type Columns, readType, resultOf, shown, type Type } from "./types.ts";

const NUMBERS = ["INT", "BIGINT", "DOUBLE"];

/** Reads an expression over these columns; its type. @throws Error where it does not parse, resolve or fit together. */
export function readExpression(reader: Reader, columns: Columns): Type {
  let left = readConjunction(reader, columns);
  while (reader.passes("OR")) left = both(reader, left, readConjunction(reader, columns));
  return left;
}

function readConjunction(reader: Reader, columns: Columns): Type {
  let left = readPredicate(reader, columns);
  while (reader.passes("AND")) left = both(reader, left, readPredicate(reader, columns));
  return left;
}

function both(reader: Reader, left: Type, right: Type): Type {
  return left === "BOOLEAN" && right === "BOOLEAN" ? "BOOLEAN" : reader.fail("AND and OR want two BOOLEAN");
}

function readPredicate(reader: Reader, columns: Columns): Type {
  if (reader.passes("NOT")) return both(reader, "BOOLEAN", readPredicate(reader, columns));
  const left = readSum(reader, columns);
  if (reader.passes("IS")) {
    reader.passes("NOT");
    reader.need("NULL");
    return "BOOLEAN";
  }
  const sign = ["=", "<>", "<=", ">=", "<", ">"].find((candidate) => reader.passes(candidate));
  if (sign === undefined) return left;
  const right = readSum(reader, columns);
  const comparable = shown(left) === shown(right) || (isNumber(left) && isNumber(right));
  return comparable ? "BOOLEAN" : reader.fail(`${shown(left)} ${sign} ${shown(right)}`);
}

const isNumber = (type: Type): boolean => typeof type === "string" && NUMBERS.includes(type);

function readSum(reader: Reader, columns: Columns): Type {
  let left = readProduct(reader, columns);
  while (reader.passes("+") || reader.passes("-")) left = wider(reader, left, readProduct(reader, columns));
  return left;
}

function readProduct(reader: Reader, columns: Columns): Type {
  let left = readPath(reader, columns);
  while (reader.passes("*") || reader.passes("/")) left = wider(reader, left, readPath(reader, columns));
  return left;
}

function wider(reader: Reader, left: Type, right: Type): Type {
  if (!isNumber(left) || !isNumber(right)) reader.fail(`no numbers: ${shown(left)}, ${shown(right)}`);
  return NUMBERS[Math.max(NUMBERS.indexOf(left as string), NUMBERS.indexOf(right as string))] as string;
}

/** What stands alone, with the fields and elements that are taken of it. */
function readPath(reader: Reader, columns: Columns): Type {
  let type = readPrimary(reader, columns);
  for (;;) {
    if (reader.passes("->")) {
      const { value } = reader.take("quoted");
      const field = typeof type === "object" && "fields" in type ? type.fields.get(value) : undefined;
      type = field ?? reader.fail(`no field ${value} in ${shown(type)}`);
    } else if (reader.passes("[")) {
      if (typeof type !== "object" || !("items" in type)) reader.fail(`no list: ${shown(type)}`);
      // Lists begin at 1.
      if (Number(reader.take("number").value) < 1) reader.fail("no element 0");
      reader.need("]");
      type = (type as { items: Type }).items;
    } else return type;
  }
}

function readPrimary(reader: Reader, columns: Columns): Type {
  if (reader.passes("(")) {
    const inner = readExpression(reader, columns);
    reader.need(")");
    return inner;
  }
  if (reader.passes("CASE")) return readCase(reader, columns);
  if (reader.passes("CAST")) {
    reader.need("(");
    if (!isNumber(readExpression(reader, columns))) reader.fail("only numbers are cast here");
    reader.need("AS");
    const type = readType(reader);
    reader.need(")");
    return type;
  }
  const { kind, value } = reader.take("quoted", "text", "number", "word");
  if (kind === "number") return "INT";
  if (kind === "text") return "VARCHAR";
  if (kind === "quoted") return columns.get(value) ?? reader.fail(`no column ${value} before this`);
  if (value === "TRUE" || value === "FALSE") return "BOOLEAN";
  // Of a table with windows, in epoch ms.
  return value === "WINDOWSTART" ? "BIGINT" : readCall(reader, value, columns);
}

function readCase(reader: Reader, columns: Columns): Type {
  const results: Type[] = [];
  while (reader.passes("WHEN")) {
    if (readExpression(reader, columns) !== "BOOLEAN") reader.fail("WHEN wants a BOOLEAN");
    reader.need("THEN");
    results.push(readExpression(reader, columns));
  }
  if (reader.passes("ELSE")) results.push(readExpression(reader, columns));
  reader.need("END");
  if (new Set(results.map(shown)).size !== 1) reader.fail(`CASE of several types: ${results.map(shown).join(", ")}`);
  return results[0] as Type;
}

function readCall(reader: Reader, name: string, columns: Columns): Type {
  reader.need("(");
  const args = list(reader, () => (reader.passes("*") ? "*" : readExpression(reader, columns)));
  reader.need(")");
  return resultOf(name, args) ?? reader.fail(`no function ${name}(${args.map(shown).join(", ")})`);
}

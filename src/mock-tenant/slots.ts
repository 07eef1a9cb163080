/**
 * Templates of JSON texts: an object literal with marks where values of one activity belong, turned once
 * into its JSON text and cut at the marks, so that rendering is joining strings.
 */

/** A mark inside a string; the value put there must be escaped for JSON. */
export function slot<Name extends string>(name: Name): string {
  return `\ue000${name}\ue001`;
}

/** A mark that stands for a whole JSON value of any type; `null` or a number no less than an object. */
export function rawSlot<Name extends string>(name: Name): string {
  return `\ue002${name}\ue001`;
}

/** JSON text cut at its marks: `pieces[0] + value(slots[0]) + pieces[1] + …`; always one piece more than slots. */
export interface Template<Name extends string> {
  readonly pieces: readonly string[];
  readonly slots: readonly Name[];
}

const MARKS = /"\ue002(\w+)\ue001"|\ue000(\w+)\ue001/g;

/** Compiles a model. Its marks must all be of `Name`: what fills them is asked for nothing else. */
export function compileTemplate<Name extends string>(model: object): Template<Name> {
  const text = JSON.stringify(model);
  const pieces: string[] = [];
  const slots: Name[] = [];
  let from = 0;
  for (const found of text.matchAll(MARKS)) {
    pieces.push(text.slice(from, found.index));
    slots.push((found[1] ?? found[2]) as Name);
    from = found.index + found[0].length;
  }
  pieces.push(text.slice(from));
  return { pieces, slots };
}

/** A text as it stands between the quotes of a JSON string. */
export function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

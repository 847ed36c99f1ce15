import { AppError } from "../errors";

/** No real document has this many levels of brackets. */
const MAX_DEPTH = 64;
/** No number or literal is longer; parsing a number of a million digits takes long. */
const MAX_SCALAR_BYTES = 100;
/** The parser needs much more time for an escape than for a plain character. */
const ESCAPES_PER_VALUE = 10;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const LIST = 0x5b;
const LIST_END = 0x5d;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;
const SPACE = 0x20;

/**
 * Checks the size and shape of a JSON document while its bytes arrive, so that a small document cannot
 * become a large number of objects. It needs no recursion, and memory only for the keys of the open
 * objects. It does not check the grammar: `JSON.parse` does that afterwards.
 */
export class JsonScanner {
  readonly #maxValues: number;
  readonly #uniqueKeys: boolean;
  #values = 0;
  /** The kinds of the open containers, from the outermost. */
  readonly #open: number[] = [];
  /** The keys of the open object of each level; reused for the next object of that level. */
  readonly #keys: Set<string>[] = [];
  #expectsKey = false;
  #inString = false;
  #isEscaped = false;
  /** Bytes of the number or literal that is being read; 0 outside of them. */
  #scalarBytes = 0;
  #escapes = 0;
  /** The bytes of the key that is being read; null outside keys. */
  #key: Uint8Array[] | null = null;

  /**
   * @param maxValues objects, lists, strings, numbers and literals; keys are not counted
   * @param uniqueKeys false for files of other programs, where a duplicate key is a small flaw
   */
  constructor(maxValues: number, { uniqueKeys = true } = {}) {
    this.#maxValues = maxValues;
    this.#uniqueKeys = uniqueKeys;
  }

  /**
   * Takes the next bytes.
   *
   * @throws AppError `body_too_complex` for too many values, `request_invalid` for too many levels and
   *   for a key that an object has twice
   */
  scan(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#inString) {
        at = this.#scanString(bytes, at);
        continue;
      }
      this.#scanStructure(bytes[at]!);
      at++;
    }
  }

  /** Reads to the end of the string or of the bytes, and returns the next position. */
  #scanString(bytes: Uint8Array, start: number): number {
    let at = start;
    for (; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === BACKSLASH) {
        this.#isEscaped = true;
        this.#escapes++;
      } else if (byte === QUOTE) break;
    }
    if (this.#escapes > this.#maxValues * ESCAPES_PER_VALUE) {
      throw new AppError("body_too_complex", { max_escapes: this.#maxValues * ESCAPES_PER_VALUE });
    }
    this.#key?.push(bytes.subarray(start, at));
    if (at === bytes.length) return at;
    this.#inString = false;
    if (this.#key) this.#endKey(this.#key);
    this.#key = null;
    return at + 1;
  }

  #scanStructure(byte: number): void {
    switch (byte) {
      case QUOTE:
        this.#inString = true;
        this.#scalarBytes = 0;
        if (!this.#expectsKey) this.#count();
        else if (this.#uniqueKeys) this.#key = [];
        return;
      case OBJECT:
      case LIST:
        this.#count();
        this.#scalarBytes = 0;
        this.#push(byte);
        return;
      case OBJECT_END:
      case LIST_END:
        this.#scalarBytes = 0;
        this.#open.pop();
        this.#expectsKey = false;
        return;
      case COMMA:
        this.#scalarBytes = 0;
        this.#expectsKey = this.#open.at(-1) === OBJECT;
        return;
      case COLON:
        this.#scalarBytes = 0;
        this.#expectsKey = false;
        return;
    }
    if (byte <= SPACE) {
      this.#scalarBytes = 0;
      return;
    }
    if (this.#scalarBytes++ === 0) this.#count();
    if (this.#scalarBytes > MAX_SCALAR_BYTES) {
      throw new AppError("body_malformed", { reason: "a number or word is too long" });
    }
  }

  #push(kind: number): void {
    const depth = this.#open.push(kind);
    if (depth > MAX_DEPTH) throw invalid("", `nested deeper than ${MAX_DEPTH} levels`);
    this.#expectsKey = kind === OBJECT;
    if (kind === OBJECT) this.#keys[depth]?.clear();
  }

  #count(): void {
    if (++this.#values <= this.#maxValues) return;
    throw new AppError("body_too_complex", { max_values: this.#maxValues });
  }

  #endKey(parts: Uint8Array[]): void {
    this.#expectsKey = false;
    const [bytes = NO_BYTES] = parts.length === 1 ? parts : [Buffer.concat(parts)];
    const key = decodeKey(decoder.decode(bytes));
    const keys = (this.#keys[this.#open.length] ??= new Set());
    if (keys.has(key)) throw invalid(key.slice(0, 100), "given more than once");
    keys.add(key);
  }
}

const decoder = new TextDecoder();
const NO_BYTES = new Uint8Array();

/** Two spellings of a key are the same key: `"a"` and `"\u0061"`. */
function decodeKey(key: string): string {
  if (!key.includes("\\")) return key;
  try {
    return JSON.parse(`"${key}"`);
  } catch {
    return key; // not valid JSON, so the parser refuses the document
  }
}

const invalid = (path: string, message: string) =>
  new AppError("request_invalid", { fields: [{ path, message }] });

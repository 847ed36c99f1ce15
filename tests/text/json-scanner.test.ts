import { describe, expect, test } from "bun:test";
import { AppError } from "../../src/errors";
import { JsonScanner } from "../../src/text/json-scanner";

/** The code and the details of the refusal, or null. The bytes arrive in pieces of `size`. */
function refusal(json: string, { maxValues = 10, size = json.length + 1 } = {}) {
  const scanner = new JsonScanner(maxValues);
  const bytes = new TextEncoder().encode(json);
  try {
    for (let at = 0; at < bytes.length; at += size) scanner.scan(bytes.subarray(at, at + size));
    return null;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { code: error.errorCode, details: error.details };
  }
}

const nested = (open: string, close: string, depth: number) =>
  `${open.repeat(depth)}1${close.repeat(depth)}`;

describe("a JSON document is scanned", () => {
  test.each([
    ["objects, lists, strings, numbers and literals", '{"a":[1,"b",true,null],"c":{}}', 7],
    ["empty lists", "[[],[],[]]", 4],
    ["a number alone", " -1.5e3 ", 1],
    ["structure inside a string", '["[1,2,{}]", "\\"[,,"]', 3],
  ])("and counts %s", (_, json, values) => {
    for (const size of [1, 2, 3, 100]) {
      expect(refusal(json, { maxValues: values, size })).toBeNull();
      expect(refusal(json, { maxValues: values - 1, size })).toMatchObject({
        code: "body_too_complex",
        details: { max_values: values - 1 },
      });
    }
  });

  test.each([
    ["lists", nested("[", "]", 64), nested("[", "]", 65)],
    ["objects", nested('{"a":', "}", 64), nested('{"a":', "}", 65)],
  ])("and refuses more than 64 levels of %s", (_, allowed, tooDeep) => {
    expect(refusal(allowed, { maxValues: 1_000 })).toBeNull();
    expect(refusal(tooDeep, { maxValues: 1_000 })?.code).toBe("request_invalid");
    expect(refusal("[".repeat(200_000), { maxValues: 1_000_000 })?.code).toBe("request_invalid");
  });

  test.each([
    ["twice in one object", '{"a":1,"b":2,"a":3}', "a"],
    ["in two spellings", '{"a":1,"\\u0061":3}', "a"],
    ["with a quotation mark", '{"a\\"":1,"a\\"":3}', 'a"'],
    ["in an inner object", '[{"x":{"é":1,"é":2}}]', "é"],
    ["around an inner object", '{"a":{"a":[{"a":1}]},"a":2}', "a"],
    ["that is empty", '{"":1,"":2}', ""],
  ])("and refuses a key %s", (_, json, path) => {
    for (const size of [1, 3, 100]) {
      expect(refusal(json, { size })).toEqual({
        code: "request_invalid",
        details: { fields: [{ path, message: "given more than once" }] },
      });
    }
  });

  test("and allows the same key in different objects, and as a value", () => {
    expect(refusal('[{"a":1},{"a":{"a":"a"}},{"b":["a","a"]}]', { maxValues: 20 })).toBeNull();
  });

  test("and refuses what the parser needs much time for", () => {
    expect(refusal(`["${"\\n".repeat(101)}"]`)?.code).toBe("body_too_complex");
    expect(refusal(`["${"\\n".repeat(100)}"]`)).toBeNull();
    expect(refusal(`[${"1".repeat(101)}]`)?.code).toBe("body_malformed");
    expect(refusal(`[${"1".repeat(100)}]`)).toBeNull();
  });

  test("and leaves the grammar to the parser", () => {
    for (const json of ["", "]]]", '{"a"', '"\\', "{,}", '{"a" "a"}', "[1 2]", "\u0000"]) {
      expect(() => refusal(json)).not.toThrow();
    }
  });
});

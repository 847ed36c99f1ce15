import { expect, test } from "bun:test";
import { mendHalves, toStorable } from "../../src/text/storable-json";

test.each([
  ['"cut \\ud83e"', "cut \ufffd"],
  ['"\\uDE99 cut"', "\ufffd cut"],
  ['"\\ud83e\\ud83e\\ude99"', "\ufffd🪙"],
  ['"\\ud83e\\n"', "\ufffd\n"],
  ['"a path: C:\\\\ud83e"', "a path: C:\\ud83e"],
  ['{"\\ud83e":"\\u00fc 🪙"}', { "\ufffd": "ü 🪙" }],
])("%s has whole characters only", (json, value) => {
  expect(JSON.parse(mendHalves(json))).toEqual(value);
});

test("what PostgreSQL refuses goes, and nothing else", () => {
  const said = { content: "one\0 \ud83e two", step: 0, path: "\\u0000", coin: "🪙" };

  expect(toStorable(said)).toEqual({ ...said, content: "one \ufffd two" });
});

import { expect, test } from "bun:test";
import { joinUnspaced } from "../../../src/text/transcript/join-unspaced";

const word = (text: string, start_ms: number, speaker?: string) => ({
  text,
  start_ms,
  end_ms: start_ms + 100,
  ...(speaker && { speaker }),
});
const textsOf = (entries: Parameters<typeof joinUnspaced>[0]) =>
  joinUnspaced(entries).map(({ text }) => text);

test("words without a space between them are one, from the start of the first to the end of the last", () => {
  expect(joinUnspaced([word("L'", 0), word("homme", 100), null, word("est", 300)])).toEqual([
    { text: "L'homme", start_ms: 0, end_ms: 200 },
    word("est", 300),
  ]);
});

test.each([
  ["a list without spaces", [word("heat", 0), word("flows", 100)]],
  ["Chinese", [word("热", 0), word("流", 100), null]],
  ["a change of speaker", [null, word("yes", 0, "A"), word("no", 100, "B")]],
  ["laughter", [null, word("yes", 0), { ...word("(laughs)", 100), kind: "audio_event" as const }]],
])("words stay separate in %s", (_, entries) => {
  expect(textsOf(entries)).toHaveLength(2);
});

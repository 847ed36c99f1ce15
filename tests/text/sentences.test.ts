import { describe, expect, test } from "bun:test";
import { endsSentence, splitSentences } from "../../src/text/sentences";
import { seededRandom } from "../support/random";

const split = (text: string) => splitSentences(text).map((sentence) => sentence.trim());

describe("splitSentences", () => {
  test.each([
    ["titles", ["Prof. Dr. Noether proved it.", "Nobody doubted her."]],
    ["references", ["See Fig. 3 and Eq. (2).", "Both follow from Sec. 4.1 by induction."]],
    ["Latin abbreviations", ["Take a group, e.g. Galois groups.", "It is finite."]],
    ["initials", ["The law is due to J. W. Gibbs.", "It is old."]],
    ["decimals", ["Pi is 3.14159 or so.", "Tau is twice that."]],
    ["formulas", ["There are n!/k! such maps f(x)=a?b:c in total.", "Count them."]],
    ["quotations", ['"Why does it hold?" she asked.', "Nobody knew."]],
    ["German ordinals", ["Am 3. Oktober begann es, z. B. Hier.", "Danach nicht."]],
    ["Chinese", ["今天很好。", "为什么呢？", "因为熵增加！"]],
    ["Arabic", ["هل هذا صحيح؟", "نعم هو صحيح."]],
    ["Hindi", ["यह पहला है।", "यह दूसरा है।"]],
  ])("knows where sentences end: %s", (_, sentences) => {
    const separator = /\p{Script=Han}/u.test(sentences[0]!) ? "" : " ";

    expect(split(sentences.join(separator))).toEqual(sentences);
  });

  test("joins a line that wraps inside a sentence, but not the items of a list", () => {
    expect(split("Entropy measures\nmissing information.")).toEqual([
      "Entropy measures\nmissing information.",
    ]);
    expect(split("• Heat\n• Work")).toEqual(["• Heat", "• Work"]);
  });

  test("loses no character", () => {
    const random = seededRandom(2);
    const parts = [
      "Dr.",
      " ",
      "entropy",
      "!",
      "?",
      ".",
      "\n",
      "3.",
      "。",
      "熵",
      "é",
      "😀",
      "Fig.",
      "A",
      "\ud83d",
    ];
    for (let round = 0; round < 300; round++) {
      const text = random.list(random.integer(0, 60), () => random.pick(parts)).join("");

      expect(splitSentences(text).join("")).toBe(text);
    }
  });

  test("keeps a megabyte that is one sentence in one piece", () => {
    expect(splitSentences("Fig. ".repeat(200_000))).toHaveLength(1);
  });
});

test("endsSentence distinguishes the last word of a sentence from an abbreviation", () => {
  expect(["state.", "why?", '"no!"', "对。", "لماذا؟"].every(endsSentence)).toBe(true);
  expect(["Dr.", "J.", "3.", "entropy", "e.g."].some(endsSentence)).toBe(false);
});

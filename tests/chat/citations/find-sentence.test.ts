import { describe, expect, test } from "bun:test";
import { findSupportingSpan } from "../../../src/chat/citations/find-sentence";

const SPEECH =
  "Welcome back. Claude Shannon defined entropy in 1948. It measures surprise, in bits! " +
  "A fair coin has one bit of entropy. So entropy is what compression cannot remove. Any questions?";
const SLIDE =
  "# Second law\n\nHeat flows to the cold.\n- ΔS ≥ 0 in closed systems\n- engines waste heat";
const DIVIDED = "热力学第二定律。熵从不减少。熵是无序的度量。";

const PLANTED: [name: string, passage: string, claim: string, stretch: string | undefined][] = [
  ["a quotation", SPEECH, "He says it “measures surprise”.", "It measures surprise, in bits!"],
  [
    "other case and marks",
    SPEECH,
    'It is "a fair Coin has one bit".',
    "A fair coin has one bit of entropy.",
  ],
  [
    "two sentences",
    SPEECH,
    "“defined entropy in 1948. It measures surprise”",
    "Claude Shannon defined entropy in 1948. It measures surprise, in bits!",
  ],
  [
    "an elision",
    SPEECH,
    "“So … what compression cannot remove”",
    "So entropy is what compression cannot remove.",
  ],
  ["an extract", SLIDE, "> ΔS ≥ 0 in closed systems", "- ΔS ≥ 0 in closed systems"],
  [
    "a word quoted that stands everywhere",
    SPEECH,
    "A coin's “entropy” is a bit.",
    "A fair coin has one bit of entropy.",
  ],
  [
    "a paraphrase",
    SPEECH,
    "What compressing leaves over is the entropy.",
    "So entropy is what compression cannot remove.",
  ],
  ["a paraphrase of a slide", SLIDE, "Heat is wasted by every engine.", "- engines waste heat"],
  ["a script without spaces", DIVIDED, "熵从不减少", "熵从不减少。"],
  ["another language", SPEECH, "Sie misst die Überraschung.", undefined],
];

describe("findSupportingSpan", () => {
  test.each(PLANTED)("finds the sentences of %s", (_, passage, claim, expected) => {
    const found = findSupportingSpan(passage, [claim]);

    expect(found && passage.slice(found.from, found.to)).toBe(expected);
  });
});

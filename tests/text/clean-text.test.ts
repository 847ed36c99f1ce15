import { describe, expect, test } from "bun:test";
import { cleanLine, cleanText } from "../../src/text/clean-text";
import { seededRandom } from "../support/random";

describe("cleanText", () => {
  test("removes what PostgreSQL refuses", () => {
    expect(cleanText("en\u0000tropy \ud800is \udc00high")).toBe("entropy \ufffdis \ufffdhigh");
  });

  test("removes control characters but keeps line breaks and tabs", () => {
    expect(cleanText("a\u0007b\u001b[0m\tc\r\nd\re\u0085f\u2028g\fh")).toBe(
      "ab[0m\tc\nd\ne\nf\ng\nh",
    );
  });

  test("removes what a reader cannot see: soft hyphens, byte order marks, bidi overrides, tags", () => {
    expect(cleanText("\ufeffther\u00admo\u200bdy\u202enamics\u{e0041}\u{e007f}")).toBe(
      "thermodynamics",
    );
  });

  test("keeps the joiners that Persian and emoji are written with", () => {
    expect(cleanText("می\u200cخواهم 👩\u200d🔬")).toBe("می\u200cخواهم 👩\u200d🔬");
  });

  test("composes accents, so that text from a PDF is found by what a student types", () => {
    expect(cleanText("e\u0301nergie")).toBe("énergie");
  });

  test("makes one space of many but keeps the indentation of code", () => {
    expect(cleanText("for x in  xs:  \n    print(x)\u00a0 \n\n\n\nend")).toBe(
      "for x in xs:\n    print(x)\n\nend",
    );
  });

  test("changes nothing the second time", () => {
    const random = seededRandom(1);
    const alphabet = [
      "a",
      "é",
      "e\u0301",
      " ",
      "\u00a0",
      "\t",
      "\n",
      "\r",
      "\u0000",
      "\ufeff",
      "字",
      "\ud83d",
    ];
    for (let round = 0; round < 300; round++) {
      const once = cleanText(random.list(30, () => random.pick(alphabet)).join(""));

      expect(cleanText(once)).toBe(once);
    }
  });

  test("takes a megabyte of blanks in its stride", () => {
    expect(cleanText(`a${" ".repeat(1_000_000)}b`)).toBe("a b");
  });
});

test("cleanLine makes one line of a title", () => {
  expect(cleanLine(" The second\n law\tof thermodynamics ")).toBe(
    "The second law of thermodynamics",
  );
});

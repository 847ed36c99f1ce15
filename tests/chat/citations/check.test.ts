import { describe, expect, test } from "bun:test";
import { checkCitations } from "../../../src/chat/citations/check";
import type { Citation } from "../../../src/retrieval/search";

const passages = new Map<number, Citation>(
  [
    passage(1, "Entropy", {
      start_ms: 754_000,
      content:
        "In 1948 Claude Shannon defined entropy. “Information is the resolution of uncertainty,” as it is often put. A fair coin has 1 bit, a fair die about 2.585 bits.",
    }),
    passage(2, "Thermodynamics", {
      page_number: 12,
      content:
        "Ludwig Boltzmann wrote S = k log W. The constant k is 1.380649e-23 J/K. Engines waste 1,000 joules here; the Carnot limit can't be beaten.",
    }),
    passage(3, "Wärmelehre", {
      page_number: 4,
      content:
        "Die Entropie eines abgeschlossenen Systems nimmt nie ab. Rudolf Clausius prägte den Begriff 1865.",
    }),
  ].map((one) => [one.number, one]),
);

/** Answers with their citations; `!` marks those that must be flagged. */
const PLANTED: [answer: string, citations: string][] = [
  // true
  ["Claude Shannon defined entropy in 1948 [1].", "1"],
  ["It is said that “information is the resolution of uncertainty” [1].", "1"],
  ["Boltzmann wrote S = k log W [2]. A die carries about 2.585 bits [1].", "2 1"],
  ["The lecture on Entropy explains it at 12:34 [1].", "1"],
  ["Page 12 says that engines waste 1000 joules [2].", "2"],
  ['The limit "can’t be beaten" [2].', "2"],
  ["“A fair coin has 1 bit” [1], while “the Carnot limit can't be beaten” [2].", "1 2"],
  ["Shannon and Boltzmann both studied it [1][2].", "1 2"],
  ["Both matter [1, 2].", "1 2"],
  ["„Die Entropie eines abgeschlossenen Systems nimmt nie ab“ [3].", "3"],
  ["Der Begriff wurde von Rudolf Clausius im Jahr 1865 geprägt, und das ist die Quelle [3].", "3"],
  ["1. Entropy has a unit, the bit. [1]\n2. Heat is wasted. [2]", "1 2"],
  ["As [1] says, a fair coin has 1 bit.", "1"],
  ["> A fair coin has 1 bit, a fair die about 2.585 bits. [1]", "1"],
  ["**Entropy:** Dr. Shannon's measure is a number of bits [1].", "1"],
  // misplaced
  ["Claude Shannon defined entropy in 1948 [2].", "2!"],
  ["“A fair coin has 1 bit” [2].", "2!"],
  ["“A fair coin has 1 bit” [2], and “the Carnot limit can't be beaten” [1].", "2! 1!"],
  ["Boltzmann wrote S = k log W [1]. A die carries about 2.585 bits [1].", "1!"],
  ["„Die Entropie eines abgeschlossenen Systems nimmt nie ab“ [1].", "1!"],
  ["Der Begriff wurde von Rudolf Clausius im Jahr 1865 geprägt, und das ist die Quelle [2].", "2!"],
  // invented
  ["Claude Shannon defined entropy in 1950 [1].", "1!"],
  ["It is said that “information is surprise” [1].", "1!"],
  ["According to Norbert Wiener, entropy is noise [1].", "1!"],
  ["Engines waste 10000 joules [2].", "2!"],
  ["Die Entropie wurde von Max Planck und nicht von der Antike eingeführt [3].", "3!"],
  ["As [1] says, a fair coin has 7 bits.", "1!"],
  // no citations at all
  ["Entropy grows [7].", ""],
  ["`x[1]` and \\(a[2]\\) are not citations.", ""],
  ["```\na[1]\n```", ""],
];

describe("checkCitations", () => {
  test.each(PLANTED)("%s", (answer, expected) => {
    const checked = checkCitations(answer, passages).map(
      ({ number, unsupported }) => `${number}${unsupported ? "!" : ""}`,
    );

    expect(checked.join(" ")).toBe(expected);
  });

  test("flags every planted mistake and nothing else", () => {
    const flags = { wanted: 0, raised: 0, right: 0 };
    for (const [answer, expected] of PLANTED) {
      const wanted = new Set([...expected.matchAll(/(\d+)!/g)].map(([, number]) => Number(number)));
      const raised = checkCitations(answer, passages).filter(({ unsupported }) => unsupported);
      flags.wanted += wanted.size;
      flags.raised += raised.length;
      flags.right += raised.filter(({ number }) => wanted.has(number)).length;
    }

    expect(flags.right / flags.raised).toBe(1); // precision
    expect(flags.right / flags.wanted).toBe(1); // recall
  });

  test("keeps what opens the source", () => {
    expect(checkCitations("A coin has 1 bit [1].", passages)).toEqual([passages.get(1)!]);
  });
});

function passage(
  number: number,
  title: string,
  { content, ...place }: { content: string; page_number?: number; start_ms?: number },
): Citation {
  const source = place.page_number === undefined ? "lectures" : "slides";
  const ids = { chunk_id: crypto.randomUUID(), asset_id: crypto.randomUUID() };
  return { number, ...ids, source, title, quote: content, ...place, url: null };
}

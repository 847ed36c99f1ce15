import { describe, expect, test } from "bun:test";
import { checkCitations, type UnsupportedReason } from "../../../src/chat/citations/check";
import type { Citation } from "../../../src/retrieval/search";
import { cpuMs } from "../../support/cpu-time";

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
    passage(4, "Doses", { page_number: 2, content: "A half gram is not 2 ½ grams." }),
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
  ["Boltzmann wrote S = k log 72 [1].", "1!"],
  ["„Die Entropie eines abgeschlossenen Systems nimmt nie ab“ [1].", "1!"],
  ["Der Begriff wurde von Rudolf Clausius im Jahr 1865 geprägt, und das ist die Quelle [2].", "2!"],
  ["He says “[i]nformation is [often] the resolution of uncertainty” [1].", "1"],
  ["A half gram is not 2½ grams, and 2.5 grams is the same [4].", "4"],
  ["It is said that ‹information is the average surprise› [1].", "1!"],
  ["It is said that ``information is the average surprise'' [1].", "1!"],
  ["The dose was 3½ grams [4].", "4!"],
  // invented
  ["Claude Shannon defined entropy in 1950 [1].", "1!"],
  ["It is said that “information is surprise” [1].", "1!"],
  ["Engines waste 10000 joules [2].", "2!"],
  ["Die Entropie wurde von Max Planck und nicht von der Antike eingeführt [3].", "3!"],
  ["As [1] says, a fair coin has 7 bits.", "1!"],
  // false, and not noticed: a name, and a sentence that shares its citation with a true one
  ["According to Norbert Wiener, entropy is noise [1].", "1"],
  ["Shannon defined entropy in 1950 [1]. A die carries about 2.585 bits [1].", "1"],
  // marks in other forms
  ["Both matter [^1, ^2].", "1 2"],
  ["Both matter [Quelle 1, Quelle 2].", "1 2"],
  ["Both matter [@1; @2].", "1 2"],
  ["All three matter [1 to 3].", "1 2 3"],
  ["All three matter [1]–[3].", "1 2 3"],
  ["All three matter [1‑3].", "1 2 3"],
  ["Both matter [ 1 , 2 ].", "1 2"],
  ["Entropy matters〔1〕 and 【来源2】.", "1 2"],
  ["الإنتروبيا مهمة [١، ٢].", "1 2"],
  ["Shannon's entropy counts bits [1: Lecture on Entropy].", "1"],
  ["Shannon's entropy counts bits [1 @ 12:34].", "1"],
  ["Shannon's entropy counts bits (Source 1).", "1"],
  ["Shannon's entropy counts bits.¹", "1"],
  ["Shannon's entropy counts ⁽¹⁾.", ""],
  ["Shannon's entropy counts bits [source_1].", "1"],
  ["Shannon's entropy counts bits [Passage #1].", "1"],
  ["Shannon's entropy counts bits [№ 1].", "1"],
  ["Shannon's entropy counts bits (ref. 1).", "1"],
  ["熵以比特计算（来源1）。", "1"],
  ["Both matter.¹,²", "1 2"],
  ["All three matter.¹⁻³", "1 2 3"],
  ["Shannon's entropy counts bits<sup>1</sup>.", "1"],
  ["Shannon's entropy counts bits < sup>1, 2< /sup>.", "1 2"],
  ["Both matter for vitamin C[1] and for Plan-B[2].", "1 2"],
  ["A fair coin has 1 bit. [Source 1] Heat is wasted. [Source 2]", "1 2"],
  // the list of sources states nothing
  ["A fair coin has 1 bit [^1].\n\n[^1]: Information, page 99", "1"],
  ["A fair coin has 1 bit [1].\n\nSources:\n- [1] Information, 45:67\n- [2] Heat, page 99", "1 2"],
  ["As described in [1, 2], both matter.", "1 2"],
  // block quotations
  ["> A fair coin has 1 bit, a fair die about 2.585 bits.\n> — Lecture on Entropy [1]", "1"],
  ["> *A fair coin has 1 bit*\n> … about 2.585 bits.\n\n[1]", "1"],
  ["> Claude Shannon defined information as a fair coin. [1]", "1!"],
  ["He says:\n\n> Claude Shannon is a fair coin.\n> A fair coin has 1 bit. [1]\n\nEntropy.", "1!"],
  ["> The Carnot limit can't be broken.\n> — Heat [2]", "2!"],
  ["> **Note:** coins and dice have some bits of entropy [1]", "1"],
  ["> - coins and dice have some bits of entropy [1]", "1"],
  // no citations at all
  ["Values in [1, 2] lie between [1,2], x in [1, 2] is real, Werte in [1; 2] auch.", ""],
  ["The [1, 2] interval, [1, 2] × [1, 3], and numbers normalized to [1, 2].", ""],
  ["The first item is x[1], and the interval [1, 2] is short.", ""],
  ["The list [1, 2, 3] is sorted, and sort([3, 1, 2]) and f([1]) return it.", ""],
  ["The matrix [[1, 2], [3, 1]] and the array A[1] have numbers, and P[3|1] = B[2].", ""],
  ["At [1:05:30] and [12:30] the lecturer writes on the board.", ""],
  ["Energy is ½ · mass · speed², length² + width² is a square, and O(nodes²) is slow.", ""],
  ["Beschleunigung hat die Einheit Meter pro Sekunde², und Sinus² ist höchstens 1.", ""],
  ["The Stokes-equation¹ and **Entropy²** matter.", "1 2"],
  ["An area of 5 metres², tanh² and Größe¹² are not citations.", ""],
  ["\\begin{align}a_{[1]} = [1]\\end{align}", ""],
  ["````md\n```\na\n```\nb [1]\n````", ""],
  ["Entropy grows [7].", ""],
  ["`x[1]` and \\(a[2]\\) are not citations.", ""],
  ["```\na[1]\n```", ""],
];

describe("checkCitations", () => {
  test.each(PLANTED)("%s", (answer, expected) => {
    const checked = checkCitations(answer, passages).citations.map(
      ({ number, unsupported }) => `${number}${unsupported ? "!" : ""}`,
    );

    expect(checked.join(" ")).toBe(expected);
  });

  test("keeps the fields that open the source", () => {
    expect(checkCitations("A coin has 1 bit [1].", passages)).toEqual({
      citations: [passages.get(1)!],
      unsupported: [],
    });
  });

  const REASONS: [
    answer: string,
    sentence: string,
    reason: UnsupportedReason,
    numbers: number[],
  ][] = [
    ["Yes. Shannon did so in 1950 [1].", "Shannon did so in 1950 [1].", "number", [1]],
    [
      "Yes. Shannon said “bits are all” [1]. Really.",
      "Shannon said “bits are all” [1].",
      "quotation",
      [1],
    ],
    ["Engines waste 1,000 watts [2].", "Engines waste 1,000 watts [2].", "unit", [2]],
    [
      "Ribosomes build proteins inside every living plant cell [1].",
      "Ribosomes build proteins inside every living plant cell [1].",
      "unrelated",
      [1],
    ],
    [
      "A coin has 1 bit [1], but a die 3.5 bits [1][2].",
      "but a die 3.5 bits [1][2].",
      "number",
      [1, 2],
    ],
    ["Shannon, in 1950. (See [1].)", "Shannon, in 1950. (See [1].)", "number", [1]],
    ["As [1] says, a coin has 70 bits.", "As [1] says, a coin has 70 bits.", "number", [1]],
    ["熵很大。香农在1950年提出了信息论 [1]。完。", "香农在1950年提出了信息论 [1]。", "number", [1]],
  ];
  test.each(REASONS)("in %j finds %j: %s", (answer, sentence, reason, numbers) => {
    const { unsupported } = checkCitations(answer, passages);

    const found = unsupported.map(({ start, end, ...rest }) => [answer.slice(start, end), rest]);
    expect(found).toEqual([[sentence, { reason, numbers }]]);
  });

  test("flags the false sentence, not the citation that a true sentence shares with it", () => {
    const answer = "Shannon defined entropy in 1948 [1]. Shannon defined it in 1950 [1].";
    const { citations, unsupported } = checkCitations(answer, passages);

    expect(citations).toEqual([passages.get(1)!]);
    expect(unsupported).toEqual([
      { start: 37, end: answer.length, reason: "number", numbers: [1] },
    ]);
  });

  test.each([
    [
      "Im Jahr 1850 prägte Rudolf Clausius in der 2. Arbeit den Begriff der Entropie [3].",
      "number",
    ],
    [
      "Rudolf Clausius prägte den Begriff 1850, d. h. vor Boltzmann, und z. B. in Zürich [3].",
      "number",
    ],
    ["Das stand am 4. Mai 1850 fest, sagt Rudolf Clausius über die Entropie [3].", "number"],
  ])(
    "reads a German sentence with an ordinal or an abbreviation to its end: %s",
    (answer, reason) => {
      const [fault] = checkCitations(answer, passages).unsupported;
      expect(fault).toMatchObject({ start: 0, end: answer.length, reason });
    },
  );

  test("does not call a translation unrelated", () => {
    const answer = "Die Entropie wurde von einem Ingenieur der Telefongesellschaft definiert [1].";

    expect(checkCitations(answer, passages).unsupported).toEqual([]);
  });

  const HOSTILE = [
    "1",
    "1 ",
    "1.",
    "1/1/",
    '"a ',
    "'a b ",
    "[1]",
    "5 km ",
    "10²",
    "三",
    "5公里",
    "1e",
    "1百",
    "1千",
    "*",
    "。",
    "5 May ",
    "x^{",
    "[1–",
    "[Source ",
    "(Source 1, ",
    "[1: ab",
    "Sources\n[1] a\n",
    "\\begin{a}",
    "words¹",
    "````",
  ];
  test.each(HOSTILE)("reads a long answer of %j in time", (piece) => {
    const answer = `${piece.repeat(60_000 / piece.length)} [1]`;

    expect(cpuMs(() => checkCitations(answer, passages))).toBeLessThan(5_000);
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

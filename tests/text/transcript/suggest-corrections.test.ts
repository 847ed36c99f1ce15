import { describe, expect, test } from "bun:test";
import { countTokens } from "../../../src/text/tokens";
import {
  type SuggestionPage,
  suggestCorrections,
} from "../../../src/text/transcript/suggest-corrections";

const spoken = (text: string) =>
  text.split(" ").map((word, i) => ({ text: word, start_ms: i * 400, end_ms: i * 400 + 300 }));
const page = (
  text: string,
  shown: SuggestionPage["shown"] = [],
  page_number = 1,
): SuggestionPage => ({
  document_id: "deck",
  page_number,
  text,
  shown,
});
const SLIDE = page(
  "Spectra\nthe eigenvalue problem\nthe Laplace transform\nKrylov spaces and Gram-Schmidt\nheteroscedasticity and the Kalman filter",
);
const suggest = async (text: string, pages = [SLIDE]) =>
  (await suggestCorrections(spoken(text), pages, countTokens)).map(
    ({ find, replacement, reason }) => `${reason}: ${find} → ${replacement}`,
  );

describe("suggestCorrections", () => {
  test("finds terms that are written apart, as they sound, or with other letters", async () => {
    const text =
      "An eigen value of the lap lace operator. A cry love space, gram shmidt, heteroskedasticity and a kalmen filter.";
    expect(new Set(await suggest(text))).toEqual(
      new Set([
        "spacing: eigen value → eigenvalue",
        "spacing: lap lace → Laplace",
        "sound: cry love → Krylov",
        "sound: gram shmidt → Gram-Schmidt",
        "spelling: heteroskedasticity → heteroscedasticity",
        "sound: kalmen → Kalman",
      ]),
    );
  });

  test("names every place, so that one or all of them can be corrected", async () => {
    const words = spoken("the eigen value, then another Eigen value again");
    const [found] = await suggestCorrections(words, [SLIDE], countTokens);
    expect(found).toEqual({
      find: "eigen value",
      replacement: "eigenvalue",
      reason: "spacing",
      document_id: "deck",
      page_number: 1,
      places: [
        { word_index: 1, start_ms: 400, expected: "eigen value" },
        { word_index: 5, start_ms: 2_000, expected: "Eigen value" },
      ],
    });
  });

  test("is silent about terms as the slides write them, their forms, and common words", async () => {
    const text =
      "The eigenvalue and eigenvalues of Krylov's spaces, the Laplacian, and we'll value it as the space transforms.";
    expect(await suggest(text)).toEqual([]);
    expect(await suggest("an eigen value", [page("eigenvalue or eigen value")])).toEqual([]);
    expect(await suggest("it characterizes", [page("it characterises")])).toEqual([]);
    expect(await suggest("an eigen. Value it", [SLIDE])).toEqual([]);
    expect(await suggest("", [SLIDE])).toEqual([]);
    expect(await suggest("an eigen value", [])).toEqual([]);
  });

  test("uses similar sound only near the time in which the page is shown", async () => {
    const early = [{ start_ms: 0, end_ms: 10_000 }];
    const late = [{ start_ms: 900_000, end_ms: 910_000 }];
    const shownAt = (shown: SuggestionPage["shown"]) => [page("Krylov spaces", shown)];
    expect(await suggest("a cry love space", shownAt(early))).toHaveLength(1);
    expect(await suggest("a cry love space", shownAt(late))).toHaveLength(0);
  });

  test("prefers the page that is shown then", async () => {
    const pages = [
      page("Krylov", [{ start_ms: 900_000, end_ms: 910_000 }], 1),
      page("Krylov", [{ start_ms: 0, end_ms: 10_000 }], 2),
    ];
    const [found] = await suggestCorrections(spoken("a cry love space"), pages, countTokens);
    expect(found!.page_number).toBe(2);
  });
});

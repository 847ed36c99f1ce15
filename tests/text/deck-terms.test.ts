import { describe, expect, test } from "bun:test";
import { rankDeckTerms } from "../../src/text/deck-terms";
import { countTokens } from "../../src/text/tokens";

const PAGES = [
  {
    title: "Krylov subspaces",
    text: "Krylov subspaces\nthe eigenvalue of a matrix, by Lanczos and GMRES\nsee https://xyzzy.example/plugh",
  },
  {
    title: "Orthogonalisation",
    text: "We use the Gram-Schmidt process because it is simple\nEigenvalue problems in PyTorch",
  },
];
const rank = (pages = PAGES) => rankDeckTerms(pages, countTokens);

describe("rankDeckTerms", () => {
  test("finds terms, names and acronyms, and no common words", () => {
    const terms = rank();
    expect(terms).toContainValues([
      "Krylov",
      "eigenvalue",
      "Lanczos",
      "GMRES",
      "Gram-Schmidt",
      "PyTorch",
    ]);
    expect(terms).not.toContainValues(["the", "because", "simple", "use", "process"]);
  });

  test("puts rare words before common ones, and titles after their rarest word", () => {
    const terms = rank();
    expect(terms.indexOf("GMRES")).toBeLessThan(terms.indexOf("subspaces"));
    expect(terms.indexOf("Krylov")).toBeLessThan(terms.indexOf("Krylov subspaces"));
  });

  test("gives each term once, in the form of running text", () => {
    const terms = rank();
    expect(terms.filter((term) => term.toLowerCase() === "eigenvalue")).toEqual(["eigenvalue"]);
  });

  test("skips addresses, numbers and an empty deck", () => {
    expect(rank().join(" ")).not.toMatch(/xyzzy|plugh|https/);
    expect(rank([{ title: "", text: "12.5 3 2026" }])).toEqual([]);
    expect(rank([])).toEqual([]);
  });

  test("takes key terms of a page as phrases", () => {
    const tagged = [{ text: "the Wasserstein distance", tags: ["Wasserstein distance", "x"] }];
    expect(rankDeckTerms(tagged, countTokens)).toContain("Wasserstein distance");
  });
});

import { describe, expect, test } from "bun:test";
import { detectLanguage, textConfigFor } from "../../src/text/language";

describe("detectLanguage", () => {
  test.each([
    ["en", "english", "The second law of thermodynamics"],
    ["de", "german", "Zusammenfassung der heutigen Vorlesung über Entropie"],
    ["fr", "french", "Le deuxième principe de la thermodynamique"],
    ["es", "spanish", "La segunda ley de la termodinámica"],
    ["tr", "turkish", "Termodinamiğin ikinci yasası ve sonuçları"],
    ["ru", "russian", "Краткое содержание сегодняшней лекции"],
    ["el", "greek", "Ο δεύτερος νόμος της θερμοδυναμικής"],
    ["ar", "arabic", "القانون الثاني للديناميكا الحرارية"],
    ["he", "simple", "החוק השני של התרמודינמיקה והאנטרופיה"],
    ["zh", "simple", "热力学第二定律"],
    ["ja", "simple", "今日の講義のまとめ"],
    ["ko", "simple", "열역학 제2법칙"],
  ])("recognises %s on one line of a slide", (language_code, text_config, text) => {
    expect(detectLanguage(text)).toEqual({ language_code, text_config: text_config as never });
  });

  test.each([
    ["nothing", ""],
    ["one word", "Entropy"],
    ["a formula", "f(x) = ax^2 + bx + c"],
    ["Greek letters", "α β γ δ ε ζ η θ"],
    ["code", "int main() { return 0; }"],
    ["an address", "https://example.com/a/long/path/to/some/thing"],
    ["page numbers", "12 / 40"],
    ["model names", "GPT-4 BERT ResNet-50"],
  ])("does not guess from %s", (_, text) => {
    expect(detectLanguage(text)).toEqual({ language_code: null, text_config: "simple" });
  });

  const ENGLISH =
    "The mitochondrion is the organelle in which respiration takes place, and its membrane is folded.";
  test.each([
    ["en", `${ENGLISH} الطاقة لا تفنى ولا تستحدث من العدم`],
    ["en", `המים רותחים במאה מעלות ${ENGLISH}`],
    ["ru", "Скорость света постоянна во всех системах отсчёта: machine learning, neural network"],
    ["ar", "الطاقة لا تفنى ولا تستحدث من العدم في كل الأنظمة machine learning"],
  ])("takes the script of most words for %s: %s", (language_code, text) => {
    expect(detectLanguage(text).language_code).toBe(language_code);
  });

  test("is not misled by formulas inside prose", () => {
    const slide = "We define H(X) = -Σ p(x) log p(x) as the entropy of a random variable";

    expect(detectLanguage(slide).language_code).toBe("en");
  });
});

test("textConfigFor looks at the language, not at the region", () => {
  expect(textConfigFor("pt-BR")).toBe("portuguese");
  expect(textConfigFor("EN")).toBe("english");
  expect(textConfigFor("nb")).toBe("norwegian");
  expect(textConfigFor("ja")).toBe("simple");
  expect(textConfigFor("constructor")).toBe("simple");
  expect(textConfigFor(null)).toBe("simple");
});

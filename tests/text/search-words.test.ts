import { describe, expect, test } from "bun:test";
import { searchWordsOf, toSearchText } from "../../src/text/search-words";

/** A question finds a text when they share a spelling. */
const shared = (text: string, question: string) => {
  const spellings = (of: string) => new Set(toSearchText(of).toLowerCase().split(" "));
  return [...spellings(text).intersection(spellings(question))];
};

describe("search words", () => {
  test.each([
    ["Chinese", "信息熵是不确定性的度量", "什么是信息熵"],
    ["Chinese, split in another way", "贝叶斯公式", "朴素贝叶斯"],
    ["Japanese", "エントロピーは情報の不確かさを測る", "エントロピーとは何ですか"],
    ["Korean with another particle", "엔트로피는 불확실성의 척도입니다", "엔트로피를"],
    ["Korean compounds", "정보이론의 기초", "정보 이론"],
    ["Thai", "ทฤษฎีสารสนเทศคือคณิตศาสตร์", "สารสนเทศ"],
    ["Lao", "ພາສາລາວແມ່ນ", "ລາວ"],
    ["Khmer", "ភាសាខ្មែរជា", "ជា"],
    ["Greek without accents", "η εντροπία αυξάνεται", "εντροπια"],
    ["Russian without ё", "учёт потерь", "учет"],
    ["Arabic without vowel signs", "المُعَلِّم", "المعلم"],
    ["Arabic with a stretched letter", "العـــلم", "العلم"],
    ["Hebrew without points", "שָׁלוֹם", "שלום"],
    ["Burmese", "မြန်မာဘာသာစကား", "စကား"],
  ])("are the same in text and question: %s", (_, text, question) => {
    expect(shared(text, question)).not.toEqual([]);
  });

  test.each([
    ["TCP/IP", ["TCP", "IP", "TCPIP"]],
    ["torch.nn.Linear", ["torch", "nn", "Linear"]],
    ["2010-2015", ["2010", "2015"]],
    ["homework3.tar.gz", ["homework3", "homework", "tar", "gz"]],
    ["jane.doe@uni.example", ["jane", "doe", "uni", "example"]],
    ["state-of-the-art", ["state", "art", "stateoftheart"]],
    ["snake_case", ["snake", "case", "snakecase"]],
    ["GradientDescent", ["Gradient", "Descent", "GradientDescent"]],
    ["HTTPServer", ["HTTP", "Server", "HTTPServer"]],
    ["getXMLReader", ["get", "XML", "Reader", "getXMLReader"]],
    ["Many GPUs", ["GPUs"]],
    ["std::vector", ["std", "vector"]],
    ["C++", ["C", "Cplusplus"]],
    ["C#", ["C", "Csharp"]],
    ["GPT-4", ["GPT", "4", "GPT4"]],
    ["299,792,458", ["299792458"]],
    ["3.14159", ["3.14159"]],
    ["the end.Next", ["end", "Next"]],
  ])("of %s are the compound and its parts", (text, words) => {
    expect(toSearchText(text).split(" ")).toEqual(expect.arrayContaining(words));
  });

  test("have one spelling however they were typed", () => {
    const spellings = [
      "U\u0308bertragung eﬃzient",
      "Über\u00adtragung effizient",
      "Ｕ\u0308bertragung\u3000ｅffizient",
    ];

    expect(new Set(spellings.map(toSearchText))).toEqual(new Set(["Übertragung effizient"]));
    expect(toSearchText("the channel’s")).toBe(toSearchText("the channel's"));
  });

  test("of text without words are none, and any text is split without an error", () => {
    expect(searchWordsOf(" ?! -- \0 \ud800 ")).toEqual([]);
    expect(searchWordsOf("x".repeat(100_000))).toHaveLength(1);
    expect(searchWordsOf("a.".repeat(50_000)).length).toBeGreaterThan(0);
  });
});

import { expect, test } from "bun:test";
import { eld } from "eld/extrasmall";
import { openLanguageDetector, readNgrams } from "../../src/text/language-detector";

const NGRAMS = Bun.fileURLToPath(import.meta.resolve("eld/extrasmall")).replace(
  /entries.*/,
  "ngrams/extrasmall.js",
);

test("finds every n-gram of the library with its scores", async () => {
  const { ngramsData } = await import(NGRAMS);
  const { header, size, find } = readNgrams(await Bun.file(NGRAMS).text());
  const expected: Record<string, object> = ngramsData.ngrams;
  expect(header).toEqual({ type: ngramsData.type, languages: { ...ngramsData.languages } });
  expect(size).toBe(Object.keys(expected).length);
  const different = Object.keys(expected).filter((n) => !Bun.deepEquals(find(n), expected[n]));
  expect(different).toEqual([]);
  for (const unknown of ["", "'", "no such n-gram", "toString"])
    expect(find(unknown)).toBeUndefined();
});

test("detects as the library does", () => {
  const detector = openLanguageDetector();
  for (const text of [
    "The entropy of a source bounds every code that we can find for it.",
    "Die Entropie einer Quelle begrenzt jeden Code, den wir für sie finden.",
    "L'entropie d'une source limite tout code que nous pouvons trouver.",
    "La entropía de una fuente limita cualquier código que encontremos.",
    "Энтропия источника ограничивает любой код, который мы можем найти.",
    "情報源のエントロピーは、すべての符号の限界を定める。",
    "x y z",
    "",
  ]) {
    const [ours, theirs] = [detector.detect(text), eld.detect(text)];
    expect(ours.language).toBe(theirs.language);
    expect(ours.getScores()).toEqual(theirs.getScores());
    expect(ours.isReliable()).toBe(theirs.isReliable());
  }
});

test("n-grams in quotes can contain quotes, brackets and colons", () => {
  const ngrams = String.raw`{ab:{0:1},'}:{,':{1:2,0:3},'\'x':{0:4},"'":{1:5}}`;
  const { header, size, find } = readNgrams(
    `x={type:'T1',languages:{0:'en',1:'de'},isSubset:false,ngrams:${ngrams}};`,
  );
  expect(header.languages).toEqual({ 0: "en", 1: "de" });
  expect(size).toBe(4);
  expect(find("ab")).toEqual({ 0: 1 });
  expect(find("}:{,")).toEqual({ 0: 3, 1: 2 });
  expect(find("'x")).toEqual({ 0: 4 });
  expect(find("'")).toEqual({ 1: 5 });
});

test.each([
  "",
  "export const ngramsData = {}",
  "type:'T',languages:{0:'en'},ngrams:{ab:1}",
  "type:'T',languages:{0:'en'},ngrams:{ab:{0",
])("a text of another form is refused: %j", (source) => {
  expect(() => readNgrams(source)).toThrow("another form");
});

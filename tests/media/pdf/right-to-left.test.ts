import { expect, test } from "bun:test";
import { join } from "node:path";
import { readPdf } from "../../../src/media/pdf/pdf";
import { joinRightToLeft } from "../../../src/media/pdf/right-to-left";

test("pages that a browser printed are read as they were typed", async () => {
  await using pdf = await readPdf(join(import.meta.dir, "../../fixtures/slides/right-to-left.pdf"));
  const texts = (await Array.fromAsync(pdf.pages())).map(({ text }) => text);

  expect(texts[0]).toContain("שיעור 3: אנרגיה");
  expect(texts[0]).toContain("אנרגיה (קינטית) שווה ל-45 ג'אול בשנת 2019.");
  expect(texts[0]).toContain("האלגוריתם machine learning הוא כלי (AI) חשוב, 30% מהזמן!");
  expect(texts[0]).toContain("נוסחה: E = mc^2 [ראו עמוד 12]");
  expect(texts[1]).toContain("تبلغ السرعة ٣٠ مترا (تقريبا) في الثانية");
  expect(texts[1]).toContain("نستخدم Python و TCP/IP في الدرس رقم 7.");
  expect(texts[2]).toContain("The word الكحول (alcohol) and שלום mean different things");
  expect(texts[3]).toContain("۱۲ کتاب بخوانم. سرعت نور ۳۰۰٬۰۰۰ کیلومتر است.");
});

/** Pieces as they are seen, from left to right; those of Hebrew and Arabic read from right to left. */
function seen(...texts: string[]) {
  let x = 0;
  return texts.map((text) => {
    const width = text.length * 6;
    x += width;
    const rightToLeft = /[\p{Script=Hebrew}\p{Script=Arabic}]/u.test(text);
    return { text, x: x - width, y: 100, width, size: 12, angle: 0, rightToLeft };
  });
}
const textsOf = (...texts: string[]) => joinRightToLeft(seen(...texts)).map(({ text }) => text);

test.each<[string, string[], string[]]>([
  ["single letters are a word", ["م", "ا", "ع"], ["عام"]],
  ["a full stop left of a year follows it", [".1998", " ", "م", "ا", "ع"], ["1998.", "عام"]],
  ["brackets drawn by their shape are turned", ["(", "אב", ")", " ", "גד"], ["גד (אב)"]],
  ["brackets given by their meaning stay", [")", "אב", "(", " ", "גד"], ["גד (אב)"]],
  [
    "brackets around a Latin word stay with it",
    ["אב", " ", "(", "AI", ")", " ", "גד"],
    ["אב", "(AI)", "גד"],
  ],
  [
    "nested brackets stay with the Latin text in them",
    ["אב", " ", "(", "a", "[", "b", "]", ")", " ", "גד"],
    ["אב", "(a[b])", "גד"],
  ],
  ["lines without such text stay as they are", [".5", " ", "a)"], [".5", " ", "a)"]],
])("%s", (_, pieces, expected) => {
  expect(textsOf(...pieces)).toEqual(expected);
});

test.each([
  ["brackets", Array.from({ length: 50_000 }, () => "(")],
  ["blanks", Array.from({ length: 50_000 }, () => " ")],
  ["full stops in a word", [`a${".".repeat(50_000)}b`]],
])("%s take a time that grows with their number", (_, texts) => {
  const start = process.cpuUsage();
  joinRightToLeft(seen("שלום ".repeat(20_000), ...texts));
  const { user, system } = process.cpuUsage(start);

  expect((user + system) / 1_000).toBeLessThan(1_500);
});

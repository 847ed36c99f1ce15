import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPdf } from "../../../src/media/pdf/pdf";
import { grayImage, type RawPage, rawPdf, stream, text } from "../../support/raw-pdf";

const folder = await mkdtemp(join(tmpdir(), "visibility-"));
afterAll(() => rm(folder, { recursive: true }));

type Objects = Record<number, string>;

async function readAll(pages: (RawPage | string)[], objects: Objects = {}, catalog = "") {
  const path = join(folder, `${crypto.randomUUID()}.pdf`);
  await writeFile(path, rawPdf(pages, { objects, catalog }));
  await using pdf = await readPdf(path);
  return await Array.fromAsync(pdf.pages());
}
async function read(page: RawPage | string, objects: Objects = {}, catalog = "") {
  return (await readAll([page], objects, catalog))[0]!;
}
const readText = async (...page: Parameters<typeof read>) => (await read(...page)).text;

const SEEN = text("Readers see this line.", 40, 300);
const secret = (content: string) => `${SEEN}q ${content} Q\n`;
const LINE = text("A secret line.", 40, 200);

describe("text that readers cannot see is left out", () => {
  const cases: [string, string][] = [
    ["white on white", `1 1 1 rg ${LINE}`],
    ["white on white in gray", `1 g ${LINE}`],
    ["white on white in CMYK", `0 0 0 0 k ${LINE}`],
    ["nearly white on white", `0.99 0.99 0.98 rg ${LINE}`],
    ["blue on a blue area", `0 0 1 rg 0 150 720 100 re f ${LINE}`],
    ["in rendering mode 3 with no image beneath", `3 Tr ${LINE}`],
    ["outside the page", text("A secret line.", 40, -200)],
    ["to the right of the page", text("A secret line.", 900, 200)],
    ["outside its clip", `500 0 100 50 re W n ${LINE}`],
    ["in type of half a point", text("A secret line.", 40, 200, 0.5)],
    ["scaled down to nothing", `0.05 0 0 0.05 0 0 cm ${text("A secret line.", 800, 4000)}`],
    ["covered by an area painted later", `${LINE} 1 1 1 rg 30 180 400 50 re f`],
  ];
  const pages = readAll(cases.map(([, content]) => secret(content)));

  test.each(cases.map(([name], i) => [name, i] as const))("%s", async (_, i) => {
    expect((await pages)[i]!.text).toBe("Readers see this line.");
  });

  test("fully transparent", async () => {
    const page = { content: secret(`/G gs ${LINE}`), resources: "/ExtGState << /G << /ca 0 >> >>" };

    expect(await readText(page)).toBe("Readers see this line.");
  });
});

describe("text that readers see stays", () => {
  const cases: [string, string][] = [
    ["white on a dark area", `0 0 0.3 rg 0 150 720 100 re f 1 1 1 rg ${LINE}`],
    ["white on a dark shape", `0 0 0.3 rg 0 150 m 360 280 l 720 150 l h f 1 1 1 rg ${LINE}`],
    ["light gray on white", `0.8 g ${LINE}`],
    ["outlined in white on white filled black", `2 Tr 1 1 1 RG ${LINE}`],
    ["partly inside its clip", `0 150 100 100 re W n ${LINE}`],
    ["in small type", text("A secret line.", 40, 200, 5)],
    ["marked by a highlighter", `${LINE} /M gs 1 1 0 rg 30 180 400 50 re f`],
    ["boxed by strokes", `${LINE} 30 180 400 50 re S`],
    ["scaled up from one point", `16 0 0 16 40 200 cm ${text("A secret line.", 0, 0, 1)}`],
  ];
  const resources = "/ExtGState << /M << /BM /Multiply >> >>";
  const pages = readAll(cases.map(([, content]) => ({ content: secret(content), resources })));

  test.each(cases.map(([name], i) => [name, i] as const))("%s", async (_, i) => {
    expect((await pages)[i]!.text).toBe("Readers see this line.\n\nA secret line.");
  });

  test("invisible text over a scan is its OCR layer", async () => {
    const scan = "q 720 0 0 405 0 0 cm /Im Do Q\n";
    const words = `3 Tr ${LINE}`;
    const resources = "/XObject << /Im 10 0 R >>";
    const objects = { 10: grayImage() };

    for (const content of [scan + words, words + scan]) {
      expect(await read({ content, resources }, objects)).toMatchObject({
        text: "A secret line.",
        picture_share: 1,
      });
    }
  });

  test("a state that is restored counts again", async () => {
    expect(await readText(`q 1 1 1 rg ${LINE} Q ${SEEN}`)).toBe("Readers see this line.");
  });
});

describe("layers", () => {
  const catalog = (off: string) =>
    `/OCProperties << /OCGs [10 0 R 11 0 R] /D << /OFF [${off}] /Order [10 0 R 11 0 R] >> >>`;
  const groups = {
    10: "<< /Type /OCG /Name (Questions) >>",
    11: "<< /Type /OCG /Name (Answers) >>",
  };
  const resources = "/Properties << /Q 10 0 R /A 11 0 R /Any 12 0 R >>";
  const content = `/OC /Q BDC ${text("The question.", 40, 300)} EMC /OC /A BDC ${text("The answer.", 40, 200)} EMC`;

  test.each([
    ["11 0 R", "The question."],
    ["10 0 R", "The answer."],
    ["", "The question.\n\nThe answer."],
    ["10 0 R 11 0 R", ""],
  ])("with %s switched off, the others are read", async (off, expected) => {
    expect(await readText({ content, resources }, groups, catalog(off))).toBe(expected);
  });

  test("a membership dictionary follows its groups", async () => {
    const nested = `/OC /Any BDC ${text("Hidden with its group.", 40, 200)} EMC ${SEEN}`;
    const objects = { ...groups, 12: "<< /Type /OCMD /OCGs [11 0 R] /P /AnyOn >>" };

    expect(await readText({ content: nested, resources }, objects, catalog("11 0 R"))).toBe(
      "Readers see this line.",
    );
  });

  test("a form that belongs to a hidden layer is not read", async () => {
    const objects = {
      ...groups,
      12: stream(
        LINE,
        "/Type /XObject /Subtype /Form /BBox [0 0 720 405] /OC 11 0 R /Resources << /Font << /F1 3 0 R >> >>",
      ),
    };
    const page = { content: `/Fm Do ${SEEN}`, resources: "/XObject << /Fm 12 0 R >>" };

    expect(await readText(page, objects, catalog("11 0 R"))).toBe("Readers see this line.");
    expect(await readText(page, objects, catalog("10 0 R"))).toBe(
      "Readers see this line.\n\nA secret line.",
    );
  });

  test("what a form hides stays hidden only inside it", async () => {
    const objects = {
      10: stream(
        `1 1 1 rg /Span << /ActualText (x) >> BDC q q ${LINE}`,
        "/Type /XObject /Subtype /Form /BBox [0 0 720 405] /Resources << /Font << /F1 3 0 R >> >>",
      ),
    };
    const page = { content: `/Fm Do ${SEEN}`, resources: "/XObject << /Fm 10 0 R >>" };

    expect(await readText(page, objects)).toBe("Readers see this line.");
  });
});

describe("the author's own text for glyphs", () => {
  test.each<[string, string, string]>([
    [
      "replaces a ligature",
      "(De) Tj /Span << /ActualText (fi) >> BDC (\\001) Tj EMC (nition) Tj",
      "Definition",
    ],
    [
      "replaces several glyphs once",
      "/Span << /ActualText (Entropy) >> BDC (E) Tj (n) Tj (t) Tj EMC ( rises) Tj",
      "Entropy rises",
    ],
    ["may be UTF-16", "/Span << /ActualText <FEFF03B103B2> >> BDC (ab) Tj EMC", "αβ"],
    ["may be empty", "(end) Tj /Span << /ActualText () >> BDC (-) Tj EMC", "end"],
    [
      "of the outer of two counts",
      "/Span << /ActualText (one) >> BDC /Span << /ActualText (two) >> BDC (x) Tj EMC EMC",
      "one",
    ],
  ])("%s", async (_, shown, expected) => {
    expect(await readText(`BT /F1 16 Tf 40 300 Td ${shown} ET`)).toBe(expected);
  });

  test("is found among the page's properties as well", async () => {
    const page = {
      content: "BT /F1 16 Tf 40 300 Td /Span /P BDC (xyz) Tj EMC ET",
      resources: "/Properties << /P << /ActualText (Sigma) >> >>",
    };

    expect(await readText(page)).toBe("Sigma");
  });
});

describe("the share of a page that is picture", () => {
  test("is that of its images", async () => {
    const page = {
      content: "q 360 0 0 405 0 0 cm /Im Do Q",
      resources: "/XObject << /Im 10 0 R >>",
    };

    expect(await read(page, { 10: grayImage() })).toMatchObject({ picture_share: 0.5 });
  });

  test("is the whole of a page whose letters are drawn as shapes", async () => {
    const letter = (i: number) => `${i} 10 m ${i} 20 l ${i + 5} 20 l h f\n`;

    const { picture_share } = await read(Array.from({ length: 300 }, (_, i) => letter(i)).join(""));

    expect(picture_share).toBe(1);
  });
});

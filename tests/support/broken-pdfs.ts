/**
 * Hand-written PDFs: broken, hostile, or with text that the standard fonts do not have.
 * The well-formed ones are in `pdfs.ts`.
 */
import { deflateSync } from "node:zlib";
import { deckPdf } from "./pdfs";

export const garbage = (): Uint8Array => Buffer.alloc(20_000, "this is not a PDF \u0007 ");
export const garbageWithMark = (): Uint8Array =>
  Buffer.concat([Buffer.from("%PDF-1.7\n"), garbage()]);

export async function truncatedPdf(): Promise<Uint8Array> {
  const whole = await deckPdf([{ title: "Cut off", body: ["in the middle"] }]);
  return whole.subarray(0, 120);
}

/** Asks for a user password that is not the empty one; the key material is random. */
export function encryptedPdf(): Uint8Array {
  const key = "5f".repeat(32);
  return handWritten(
    [
      "<< /Type /Catalog /Pages 2 0 R >>",
      "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
      "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
      `<< /Filter /Standard /V 1 /R 2 /P -4 /O <${key}> /U <${key}> >>`,
    ],
    "/Encrypt 4 0 R /ID [<00> <00>]",
  );
}

/** Only who holds a certificate can open it. */
export function certificatePdf(): Uint8Array {
  return handWritten(
    [
      "<< /Type /Catalog /Pages 2 0 R >>",
      "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
      "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
      "<< /Filter /Adobe.PubSec /SubFilter /adbe.pkcs7.s4 /V 1 /Recipients [<00>] >>",
    ],
    "/Encrypt 4 0 R /ID [<00> <00>]",
  );
}

export function noPagesPdf(): Uint8Array {
  return handWritten(["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [] /Count 0 >>"]);
}

/** Claims more pages than it has, by two thousand million. */
export function lyingCountPdf(): Uint8Array {
  return handWritten([
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 2147483647 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
  ]);
}

/** A page tree that contains itself. */
export function loopingTreePdf(): Uint8Array {
  return handWritten([
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>",
  ]);
}

/** About 1 kB that inflate, through two layers, to `megabytes` of drawing operators. */
export function bombPdf(megabytes = 1_024): Uint8Array {
  const inner = deflateSync(Buffer.alloc(megabytes * 1024 * 1024, "0 0 m 9 9 l S\n"), { level: 9 });
  const outer = deflateSync(inner, { level: 9 });
  return handWritten([
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R >>",
    { dictionary: "/Filter [/FlateDecode /FlateDecode]", bytes: outer },
  ]);
}

/** Three pages with text; the second needs the memory of `bombPdf` as well. */
export function bombAmongPagesPdf(megabytes: number): Uint8Array {
  const inner = deflateSync(Buffer.alloc(megabytes * 1024 * 1024, "0 0 m 9 9 l S\n"), { level: 9 });
  const page = (contents: string) =>
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents ${contents} /Resources << /Font << /F 8 0 R >> >> >>`;
  const words = (text: string) => ({
    dictionary: "",
    bytes: Buffer.from(`BT /F 20 Tf 20 100 Td (${text}) Tj ET`),
  });
  return handWritten([
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R 4 0 R 5 0 R] /Count 3 >>",
    page("6 0 R"),
    page("7 0 R"),
    page("9 0 R"),
    words("Before the bomb"),
    {
      dictionary: "/Filter [/FlateDecode /FlateDecode]",
      bytes: deflateSync(inner, { level: 9 }),
    },
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    words("After the bomb"),
  ]);
}

/** A page whose only image claims 60 000 by 60 000 pixels. */
export function hugeImagePdf(): Uint8Array {
  const image = deflateSync(Buffer.alloc(1_000_000));
  return handWritten([
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R /Resources << /XObject << /I 5 0 R >> >> >>",
    { dictionary: "", bytes: Buffer.from("200 0 0 200 0 0 cm /I Do") },
    {
      dictionary:
        "/Subtype /Image /Width 60000 /Height 60000 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /FlateDecode",
      bytes: image,
    },
  ]);
}

/** Chinese and Japanese by a predefined character map: the font itself is not in the file. */
export function cjkPdf(): Uint8Array {
  return composedTextPdf("/Adobe-GB1", "UniGB-UCS2-H", "信息论与熵");
}

/** Hebrew and Arabic as drawn: the glyphs stand from left to right, in reverse. */
export function rightToLeftPdf(lines = ["שלום עולם", "مرحبا بالعالم"]): Uint8Array {
  const codes = [...new Set([...lines.join("")])].toSorted();
  const hex = (n: number) => n.toString(16).padStart(4, "0");
  const drawn = lines.map((line, i) => {
    const glyphs = [...line].toReversed().map((character) => hex(codes.indexOf(character) + 1));
    return `1 0 0 1 20 ${150 - i * 40} Tm <${glyphs.join("")}> Tj`;
  });
  const pairs = codes.map((character, i) => `<${hex(i + 1)}> <${hex(character.codePointAt(0)!)}>`);
  const toUnicode =
    "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n" +
    "1 begincodespacerange <0000> <ffff> endcodespacerange\n" +
    `${pairs.length} beginbfchar\n${pairs.join("\n")}\nendbfchar\nendcmap end end`;
  return handWritten([
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
    { dictionary: "", bytes: Buffer.from(`BT /F 16 Tf ${drawn.join(" ")} ET`) },
    "<< /Type /Font /Subtype /Type0 /BaseFont /None /Encoding /Identity-H /DescendantFonts [6 0 R] /ToUnicode 7 0 R >>",
    "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /None /DW 500 /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor 8 0 R >>",
    { dictionary: "", bytes: Buffer.from(toUnicode) },
    "<< /Type /FontDescriptor /FontName /None /Flags 4 >>",
  ]);
}

function composedTextPdf(ordering: string, encoding: string, text: string): Uint8Array {
  const hex = [...text].map((c) => c.codePointAt(0)!.toString(16).padStart(4, "0")).join("");
  return handWritten([
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
    { dictionary: "", bytes: Buffer.from(`BT /F 24 Tf 20 150 Td <${hex}> Tj ET`) },
    `<< /Type /Font /Subtype /Type0 /BaseFont /STSong /Encoding /${encoding} /DescendantFonts [6 0 R] >>`,
    `<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong /CIDSystemInfo << /Registry (Adobe) /Ordering (${ordering.split("-")[1]}) /Supplement 4 >> /FontDescriptor 7 0 R >>`,
    "<< /Type /FontDescriptor /FontName /STSong /Flags 6 >>",
  ]);
}

type Body = string | { dictionary: string; bytes: Uint8Array };

/** Objects 1, 2, 3 …, of which the first is the catalog, with a correct cross-reference table. */
function handWritten(objects: Body[], trailer = ""): Uint8Array {
  const parts: Buffer[] = [Buffer.from("%PDF-1.7\n%\u00e2\u00e3\n")];
  const offsets: number[] = [];
  const size = () => parts.reduce((sum, part) => sum + part.length, 0);
  for (const [i, body] of objects.entries()) {
    offsets.push(size());
    parts.push(Buffer.from(`${i + 1} 0 obj\n`), ...written(body), Buffer.from("\nendobj\n"));
  }
  const start = size();
  const rows = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  const count = objects.length + 1;
  const table = `xref\n0 ${count}\n0000000000 65535 f \n${rows}`;
  const end = `trailer\n<< /Size ${count} /Root 1 0 R ${trailer} >>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.concat([...parts, Buffer.from(table + end)]);
}

function written(body: Body): Buffer[] {
  if (typeof body === "string") return [Buffer.from(body)];
  const { dictionary, bytes } = body;
  const head = `<< /Length ${bytes.length} ${dictionary} >>\nstream\n`;
  return [Buffer.from(head), Buffer.from(bytes), Buffer.from("\nendstream")];
}

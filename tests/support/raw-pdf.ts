/** PDFs written in the format's own syntax, for features that no library writes. */

export type RawPage = {
  /** Content stream. `/F1` is Helvetica. */
  content: string;
  /** Further entries of the page's dictionary, such as `/Annots [7 0 R]`. */
  entries?: string;
  /** Further entries of its resources, such as `/XObject << /Im 7 0 R >>`. */
  resources?: string;
};

type RawFile = {
  /** Objects by number, from 10 on; a stream includes its dictionary. */
  objects?: Record<number, string>;
  /** Further entries of the catalog. */
  catalog?: string;
  /** Further fonts of all pages. */
  fonts?: string;
  /** Entries of the information dictionary. */
  info?: string;
};

export const PAGE_WIDTH = 720;
export const PAGE_HEIGHT = 405;

/** A file of landscape pages. Page objects have numbers from 100, their contents from 500. */
export function rawPdf(pages: (RawPage | string)[], file: RawFile = {}): Uint8Array {
  const objects = new Map<number, string>();
  const kids = pages.map((_, i) => `${100 + i} 0 R`).join(" ");
  objects.set(1, `<< /Type /Catalog /Pages 2 0 R ${file.catalog ?? ""} >>`);
  objects.set(2, `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`);
  objects.set(
    3,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
  );
  objects.set(4, `<< ${file.info ?? ""} >>`);
  for (const [number, body] of Object.entries(file.objects ?? {})) objects.set(+number, body);
  for (const [i, page] of pages.entries()) {
    const {
      content,
      entries = "",
      resources = "",
    } = typeof page === "string" ? { content: page } : page;
    objects.set(
      100 + i,
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${PAGE_WIDTH} ${PAGE_HEIGHT}] ${entries}
      /Resources << /Font << /F1 3 0 R ${file.fonts ?? ""} >> ${resources} >> /Contents ${500 + i} 0 R >>`,
    );
    objects.set(500 + i, stream(content));
  }
  return assemble(objects);
}

export const stream = (content: string, dictionary = "") =>
  `<< ${dictionary} /Length ${Buffer.byteLength(content, "latin1")} >>\nstream\n${content}\nendstream`;

/** An image of one gray pixel; drawn on the unit square. */
export const grayImage = () =>
  stream(
    "\x80",
    "/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8",
  );

/** A line of text at a place from the lower left corner. */
export const text = (words: string, x: number, y: number, size = 16) =>
  `BT /F1 ${size} Tf ${x} ${y} Td (${words}) Tj ET\n`;

function assemble(objects: Map<number, string>): Uint8Array {
  let file = "%PDF-1.7\n";
  const offsets = new Map<number, number>();
  for (const [number, body] of objects) {
    offsets.set(number, file.length);
    file += `${number} 0 obj\n${body}\nendobj\n`;
  }
  const size = Math.max(...objects.keys()) + 1;
  const start = file.length;
  file += `xref\n0 ${size}\n`;
  for (let number = 0; number < size; number++) {
    const offset = offsets.get(number);
    file +=
      offset === undefined
        ? "0000000000 65535 f \n"
        : `${String(offset).padStart(10, "0")} 00000 n \n`;
  }
  file += `trailer\n<< /Size ${size} /Root 1 0 R /Info 4 0 R >>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(file, "latin1");
}

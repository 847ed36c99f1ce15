import { type PDFDocumentProxy, type PDFPageProxy, Util } from "pdfjs-dist/legacy/build/pdf.mjs";
import type { TextItem } from "pdfjs-dist/types/src/display/api";
import { cleanLine, cleanText } from "../../text/clean-text";
import type { OutlineEntry, PdfDeck, PdfPage } from "./pdf";
import { toReadingOrder, type Word } from "./pdf-layout";
import { toPageText } from "./pdf-paragraphs";

/** An outline that is longer is noise, or an attack. */
const MAX_OUTLINE_ENTRIES = 5_000;

export async function readDeck(document: PDFDocumentProxy): Promise<PdfDeck> {
  const info = await readInfo(document);
  return {
    page_count: document.numPages,
    title: info.Title ?? null,
    language: info.Language ?? null,
    outline: await readOutline(document).catch(() => []),
    metadata: info,
  };
}

/** Reads one page. A damaged one answers what can be read of it, in the worst case nothing. */
export async function readPage(
  document: PDFDocumentProxy,
  deck: PdfDeck,
  page_number: number,
): Promise<PdfPage> {
  const labels = await document.getPageLabels().catch(() => null);
  const known = {
    page_number,
    label: shortLine(labels?.[page_number - 1] ?? "") || null,
  };
  try {
    const page = await document.getPage(page_number);
    const content = await readContent(page);
    page.cleanup();
    const section = sectionOf(deck.outline, page_number, content.title);
    return { ...known, ...content, section, unreadable: false };
  } catch {
    const section = sectionOf(deck.outline, page_number, null);
    const nothing = { text: "", headings: [], title: null, section };
    return { ...known, ...nothing, width_pt: 0, height_pt: 0, unreadable: true };
  }
}

async function readContent(page: PDFPageProxy) {
  const { width, height, transform } = page.getViewport({ scale: 1 });
  // The library's own normalization takes ligatures apart before it turns lines around, letters included.
  const { items } = await page.getTextContent({ disableNormalization: true });
  const words = items.flatMap((item) => ("str" in item ? toWord(item, transform) : []));
  const { paragraphs, headings, title } = toPageText(toReadingOrder(words), height);
  return {
    width_pt: round(width),
    height_pt: round(height),
    text: cleanText([...paragraphs, ...(await readFormFields(page))].join("\n\n")),
    headings: headings.map(cleanLine).filter(Boolean),
    title: cleanLine(title ?? "") || null,
  };
}

/** Ligatures, shapes of letters and the micro sign: what fonts draw, not what people type when they search. */
const PRESENTATION_FORMS = /[\u00b5\ufb00-\ufdff\ufe70-\ufefc]/g;

/** The same item as it stands on the shown page: x to the right, y down, rotation included. */
function toWord(item: TextItem, pageTransform: number[]): Word {
  const [a, b, c, d, x, y] = Util.transform(pageTransform, item.transform) as number[];
  return {
    text: item.str.replace(PRESENTATION_FORMS, (form) => form.normalize("NFKC")),
    x: x!,
    y: y!,
    width: item.width,
    size: Math.hypot(c!, d!) || Math.hypot(a!, b!),
    angle: item.dir === "ttb" ? Number.NaN : Math.atan2(b!, a!),
    rightToLeft: item.dir === "rtl",
  };
}

type Annotation = { subtype: string; fieldValue?: unknown; contentsObj?: { str: string } };

/** What people filled in, and typed over the page; the page's own content holds neither. */
async function readFormFields(page: PDFPageProxy): Promise<string[]> {
  const annotations: Annotation[] = await page.getAnnotations().catch(() => []);
  return annotations.flatMap(({ subtype, fieldValue, contentsObj }) => {
    if (subtype === "FreeText") return contentsObj?.str ?? [];
    const values = subtype === "Widget" ? [fieldValue].flat() : [];
    return values.filter((value): value is string => typeof value === "string" && value !== "Off");
  });
}

async function readInfo(document: PDFDocumentProxy): Promise<Record<string, string>> {
  const { info } = await document.getMetadata().catch(() => ({ info: {} }));
  const lines = Object.entries(info).flatMap(([name, value]) =>
    typeof value === "string" && shortLine(value) ? [[name, shortLine(value)]] : [],
  );
  return Object.fromEntries(lines);
}

type RawEntry = { title: string; dest: string | unknown[] | null; items: RawEntry[] };

async function readOutline(document: PDFDocumentProxy): Promise<OutlineEntry[]> {
  const entries: OutlineEntry[] = [];
  const visit = async (items: RawEntry[], level: number): Promise<void> => {
    for (const { title, dest, items: children } of items) {
      if (entries.length === MAX_OUTLINE_ENTRIES) return;
      const page_number = await pageOf(document, dest).catch(() => null);
      entries.push({ title: shortLine(title), page_number, level });
      await visit(children, level + 1);
    }
  };
  await visit(((await document.getOutline()) ?? []) as RawEntry[], 0);
  return entries;
}

async function pageOf(document: PDFDocumentProxy, dest: RawEntry["dest"]): Promise<number | null> {
  const target = typeof dest === "string" ? await document.getDestination(dest) : dest;
  const page: unknown = target?.[0];
  if (typeof page === "number") return page + 1;
  return page ? (await document.getPageIndex(page as never)) + 1 : null;
}

/** The path to the last entry that begins at or before the page, without the page's own title. */
function sectionOf(
  outline: OutlineEntry[],
  page_number: number,
  pageTitle: string | null,
): string | null {
  let path: string[] = [];
  let best: string[] = [];
  let bestPage = 0;
  for (const { title, page_number: begins, level } of outline) {
    path = [...path.slice(0, level), title];
    if (begins === null || begins > page_number || begins < bestPage) continue;
    best = path;
    bestPage = begins;
  }
  if (best.at(-1) === pageTitle) best.pop();
  return best.length > 0 ? best.join(" › ") : null;
}

/** Longer than any honest title or label; a page may claim one of 40 MB. */
const MAX_LINE_CHARACTERS = 300;

function shortLine(text: string): string {
  return cleanLine(text.slice(0, MAX_LINE_CHARACTERS));
}

function round(points: number): number {
  return Math.round(points * 100) / 100;
}

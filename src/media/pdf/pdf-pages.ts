import { type PDFDocumentProxy, type PDFPageProxy, Util } from "pdfjs-dist";
import type { TextItem } from "pdfjs-dist/types/src/display/api";
import { cleanLine, cleanText } from "../../text/clean-text";
import { type Box, cornersBox } from "./boxes";
import type { Rule } from "./formulas";
import { isGarbled, withoutPrivateUse } from "./garbled-text";
import { type ActualText, PageVisibility } from "./page-visibility";
import { type PageWord, toPageWords } from "./page-words";
import type { OutlineEntry, PdfDeck, PdfPage } from "./pdf-deck";
import { type Line, toReadingOrder } from "./pdf-layout";
import { toPageText } from "./pdf-paragraphs";
import { joinRightToLeft } from "./right-to-left";
import { withoutRunningCells } from "./running-lines";
import { charactersOfTexFont } from "./tex-encodings";
import type { PlacedWord } from "./text-fragments";

globalThis.pdfCharactersOf = charactersOfTexFont;

/** An outline that is longer is noise, or an attack. */
const MAX_OUTLINE_ENTRIES = 5_000;

export async function readDeck(document: PDFDocumentProxy): Promise<PdfDeck> {
  const info = await readInfo(document);
  const { info: flags } = await document.getMetadata().catch(() => ({ info: {} }));
  return {
    page_count: document.numPages,
    title: info.Title ?? null,
    language: info.Language ?? null,
    outline: await readOutline(document).catch(() => []),
    page_labels: await readPageLabels(document),
    metadata: info,
    unread_content: unreadContentOf(flags as PdfFlags, document.isPureXfa),
  };
}

async function readPageLabels(document: PDFDocumentProxy): Promise<PdfDeck["page_labels"]> {
  const labels = await document.getPageLabels().catch(() => null);
  return labels?.map((label) => shortLine(label ?? "") || null) ?? null;
}

type PdfFlags = {
  IsXFAPresent?: boolean;
  IsAcroFormPresent?: boolean;
  IsCollectionPresent?: boolean;
};

function unreadContentOf(flags: PdfFlags, isPureXfa: boolean): PdfDeck["unread_content"] {
  if (flags.IsCollectionPresent) return "portfolio";
  return isPureXfa || (flags.IsXFAPresent && !flags.IsAcroFormPresent) ? "xfa_form" : null;
}

/** A page as laid out, before it is known which of its lines run through the deck. */
export type PageLayout = {
  width: number;
  height: number;
  lines: Line[];
  /** Text of annotations and form fields. */
  annotations: string[];
  picture_share: number;
};

/** Lays out one page; null when it is so damaged that nothing of it can be read. */
export async function readLayout(
  document: PDFDocumentProxy,
  page_number: number,
): Promise<PageLayout | null> {
  try {
    const page = await document.getPage(page_number);
    const { width, height, transform } = page.getViewport({ scale: 1 });
    const { words, rules, picture_share } = await readWords(document, page);
    const lines = toReadingOrder(
      toWords(words, transform),
      rules.map((rule) => toRule(rule, transform)),
    );
    const annotations = await readAnnotations(document, page);
    page.cleanup();
    return { width, height, lines, annotations, picture_share };
  } catch {
    return null;
  }
}

/**
 * The visible words of one page with their places.
 *
 * @returns empty when the page is so damaged that nothing of it can be read
 */
export async function readPageWords(
  document: PDFDocumentProxy,
  page_number: number,
): Promise<PageWord[]> {
  try {
    const page = await document.getPage(page_number);
    const { width, height, transform } = page.getViewport({ scale: 1 });
    const { words } = await readWords(document, page);
    page.cleanup();
    return toPageWords(toWords(words, transform), { width, height });
  } catch {
    return [];
  }
}

/** @param running  keys of the cells that run through the deck */
export async function toPage(
  deck: PdfDeck,
  page_number: number,
  layout: PageLayout | null,
  running: ReadonlySet<string>,
): Promise<PdfPage> {
  const known = { page_number, label: deck.page_labels?.[page_number - 1] ?? null };
  if (!layout) {
    return {
      ...known,
      width_pt: 0,
      height_pt: 0,
      text: "",
      headings: [],
      title: null,
      section: sectionOf(deck.outline, page_number, null),
      running_lines: [],
      picture_share: 0,
      is_garbled: false,
      unreadable: true,
    };
  }
  const { width, height, annotations, picture_share } = layout;
  const own = withoutRunningCells(layout.lines, height, running);
  const { paragraphs, headings, title } = toPageText(own.lines, height);
  const text = [...paragraphs, ...annotations].join("\n\n");
  const cleanTitle = cleanLine(withoutPrivateUse(title ?? "")) || null;
  return {
    ...known,
    width_pt: round(width),
    height_pt: round(height),
    text: cleanText(withoutPrivateUse(text)),
    headings: headings.map((heading) => cleanLine(withoutPrivateUse(heading))).filter(Boolean),
    title: cleanTitle,
    section: sectionOf(deck.outline, page_number, cleanTitle),
    running_lines: own.running.map(cleanLine),
    picture_share,
    is_garbled: isGarbled(text),
    unreadable: false,
  };
}

type MarkedItem = TextItem & { mark?: number };

/** The text items that a reader can see, each under the text that the author gave for it. */
async function readWords(document: PDFDocumentProxy, page: PDFPageProxy) {
  const layers = await document.getOptionalContentConfig();
  const observer = new PageVisibility((layer) => layers.isVisible(layer));
  globalThis.pdfPageObserver = observer;
  try {
    // The library's own normalization splits ligatures before it reorders right-to-left lines.
    const { items } = await page.getTextContent({ disableNormalization: true });
    const [left, bottom, right, top] = page.view as [number, number, number, number];
    const pageBox = { left, bottom, right, top };
    const words = visibleItems(
      items.filter((item) => "str" in item),
      observer,
      Math.max(right - left, top - bottom),
    );
    return { words, rules: observer.rules, picture_share: round(observer.pictureShare(pageBox)) };
  } finally {
    globalThis.pdfPageObserver = undefined;
  }
}

function visibleItems(items: MarkedItem[], observer: PageVisibility, pageSide: number) {
  const replaced = new Map<ActualText, TextItem>();
  return items.flatMap((item): TextItem[] => {
    const characters = Math.max(1, item.str.trim().length);
    const fontSize = Math.hypot(item.transform[2], item.transform[3]);
    const size = { fontSize, characters, pageSide };
    const { isVisible, actualText } = observer.visibilityOf(item.mark, boxOf(item), size);
    if (!isVisible) return [];
    if (!actualText || item.mark === undefined) return [item];
    const first = replaced.get(actualText);
    if (!first) {
      const replacement = { ...item, str: actualText.text };
      replaced.set(actualText, replacement);
      return [replacement];
    }
    first.width = Math.max(first.width, item.transform[4] + item.width - first.transform[4]);
    return [];
  });
}

/** The box around an item in the page's own space, for text of any direction. */
function boxOf({ transform, width, height }: TextItem): Box {
  const [a, b, c, d, x, y] = transform as [number, number, number, number, number, number];
  const along = Math.hypot(a, b) || 1;
  const across = Math.hypot(c, d) || 1;
  // From a little below the baseline to the height of small letters.
  const corners = [0, width].flatMap((forward) =>
    [-0.1, 0.6].map((up) => {
      const rise = up * (height || across);
      return {
        x: x + (a / along) * forward + (c / across) * rise,
        y: y + (b / along) * forward + (d / across) * rise,
      };
    }),
  );
  const xs = corners.map((corner) => corner.x);
  const ys = corners.map((corner) => corner.y);
  return {
    left: Math.min(...xs),
    right: Math.max(...xs),
    bottom: Math.min(...ys),
    top: Math.max(...ys),
  };
}

/**
 * Ligatures, shapes of letters, radicals in place of Chinese characters, marks of vertical text, and the micro
 * sign: fonts draw them, but people do not type them in a search.
 */
const PRESENTATION_FORMS =
  /[\u00b5\u2e80-\u2fdf\ufb00-\ufdff\ufe10-\ufe19\ufe30-\ufe44\ufe70-\ufefc]/g;

const toWords = (items: TextItem[], pageTransform: number[]) =>
  joinRightToLeft(items.map((item) => toWord(item, pageTransform)));

function toRule(box: Box, pageTransform: number[]): Rule {
  const { left, bottom, right, top } = cornersBox(
    [box.left, box.bottom, box.right, box.top],
    pageTransform,
  );
  return { left, right, y: (bottom + top) / 2 };
}

/** The same item on the shown page: x to the right, y down, rotation included. */
function toWord(item: TextItem, pageTransform: number[]): PlacedWord {
  const [a, b, c, d, x, y] = Util.transform(pageTransform, item.transform) as number[];
  // Columns of Chinese and Japanese text follow each other from right to left, as lines do after a turn.
  const isVertical = item.dir === "ttb";
  return {
    text: item.str.replace(PRESENTATION_FORMS, (form) => form.normalize("NFKC")),
    x: x!,
    y: y!,
    width: isVertical ? item.height : item.width,
    size: Math.hypot(c!, d!) || Math.hypot(a!, b!),
    angle: isVertical ? Math.PI / 2 : Math.atan2(b!, a!),
    rightToLeft: item.dir === "rtl",
  };
}

type Annotation = {
  subtype: string;
  fieldType?: string;
  fieldValue?: unknown;
  /** Text that the appearance of the annotation shows. */
  textContent?: string[];
  contentsObj?: { str: string };
  annotationFlags: number;
  /** The layer to which it belongs. */
  oc?: object | null;
  password?: boolean;
};

/** The flags Hidden and NoView. */
const NOT_SHOWN = 2 | 32;

/**
 * Text typed over the page, and filled-in form fields. The page's own content does not include them. Notes,
 * popups, hidden annotations and password fields are not for readers of the page.
 */
async function readAnnotations(document: PDFDocumentProxy, page: PDFPageProxy): Promise<string[]> {
  const layers = await document.getOptionalContentConfig();
  const annotations: Annotation[] = await page.getAnnotations().catch(() => []);
  return annotations.flatMap((annotation) => {
    const { subtype, fieldValue, contentsObj, textContent } = annotation;
    if (annotation.annotationFlags & NOT_SHOWN || annotation.password) return [];
    if (annotation.oc && !layers.isVisible(annotation.oc)) return [];
    if (subtype === "FreeText") return contentsObj?.str || textContent?.join("\n") || [];
    // The value of a check box or a radio button is a name in the file, which no reader sees.
    const hasText = subtype === "Widget" && ["Tx", "Ch"].includes(annotation.fieldType ?? "");
    const values = hasText ? [fieldValue].flat() : [];
    return values.filter((value): value is string => typeof value === "string");
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
  if (typeof page === "number") return page < document.numPages ? page + 1 : null;
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

/** Longer than real titles and labels; a hostile page can contain one of 40 MB. */
const MAX_LINE_CHARACTERS = 300;

function shortLine(text: string): string {
  return cleanLine(text.slice(0, MAX_LINE_CHARACTERS));
}

function round(points: number): number {
  return Math.round(points * 100) / 100;
}

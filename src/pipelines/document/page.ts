import type { SlideDescription } from "../../db/slides";
import type { PageImage } from "../../media/pdf/page-images";
import type { PdfPage } from "../../media/pdf/pdf-deck";
import type { PaidCalls } from "../../providers/paid-calls";
import type { Ocr } from "../../providers/slides/ocr";
import type { SlideContent, SlideDescriber } from "../../providers/slides/slide-describer";
import { cleanLine, cleanText } from "../../text/clean-text";
import { mergeTexts, normalizeDescription } from "./normalize";

/** A page between its neighbours. */
export type PageInDeck = {
  page: PdfPage;
  page_count: number;
  deck_title: string | null;
  previous_title: string | null;
  next_title: string | null;
};

export type PageTools = {
  slideDescriber: SlideDescriber | null;
  ocr: Ocr | null;
  signal: AbortSignal;
  /** Records the cost of the description. */
  calls: PaidCalls;
};

/** `describe_error` of a page with a picture that neither a model nor OCR has read. */
export const PICTURE_NOT_READ = "picture_not_read";

/** Whether a description needs the image of a page: for the model, or for OCR. */
export const needsImage = (
  page: PdfPage,
  { slideDescriber, ocr }: Pick<PageTools, "slideDescriber" | "ocr">,
): boolean => slideDescriber !== null || (ocr !== null && isPicturePage(page));

/**
 * Describes one page with the best available: a model that sees it, its own text, or, where the text is
 * missing, garbled, or a few words beside a picture, OCR. Problems are recorded in its metadata.
 *
 * @param image  null when the page cannot be drawn, or needs no image
 * @throws AppError `provider_…` when the model cannot be asked now, or not at all
 */
export async function describePage(
  deck: PageInDeck,
  image: PageImage | null,
  tools: PageTools,
): Promise<SlideDescription> {
  const { page } = deck;
  const needsPicture = isPicturePage(page);
  if (!tools.slideDescriber && !needsPicture) return describeByText(page);
  if (!tools.slideDescriber && !tools.ocr) {
    // A page without text has no other problem: it is looked at as soon as a model is configured.
    return describeByText(page, page.text === "" ? undefined : PICTURE_NOT_READ);
  }
  if (!image) return describeByText(page, "page_render_failed");
  if (!tools.slideDescriber) return await describeByOcr(page, image, tools);

  const slide = { ...deck, ...page, image: image.bytes };
  const answer = await tools.slideDescriber.describe(slide, tools.signal, tools.calls);
  if ("content" in answer) {
    return describeByModel(page, answer, tools.slideDescriber.model);
  }
  const fallback =
    needsPicture && tools.ocr ? await describeByOcr(page, image, tools) : describeByText(page);
  const metadata = { ...fallback.metadata, describe_error: answer.problem };
  return { ...fallback, metadata };
}

/** Fewer words beside a picture are a stamp, a page number or a caption. */
const FEW_WORDS = 5;
/** On a page that is mostly picture. */
const FEW_WORDS_ON_PICTURE = 15;
const SOME_PICTURE = 0.1;
const MOSTLY_PICTURE = 0.6;

function isPicturePage({ text, picture_share, is_garbled }: PdfPage): boolean {
  const all = text.match(/[\p{L}\p{N}]*\p{L}[\p{L}\p{N}]*/gu) ?? [];
  // A bad text layer of a scan has its letters apart.
  const words = all.filter((word) => !/^\p{Script=Latin}$/u.test(word)).length;
  return (
    all.length === 0 ||
    is_garbled ||
    (words < FEW_WORDS && picture_share >= SOME_PICTURE) ||
    (words < FEW_WORDS_ON_PICTURE && picture_share >= MOSTLY_PICTURE)
  );
}

/** Describes a page by its own text layer. */
function describeByText(page: PdfPage, describe_error?: string): SlideDescription {
  const { page_number, text } = page;
  return {
    page_number,
    raw_description: text,
    normalized_description: text,
    described_by: "text",
    metadata: { ...placeOf(page), ...(describe_error && { describe_error }) },
  };
}

async function describeByOcr(
  page: PdfPage,
  image: PageImage,
  { ocr, signal }: PageTools,
): Promise<SlideDescription> {
  try {
    const { text, title } = await ocr!.read(image.bytes, signal);
    if (cleanText(text) === "" && page.text !== "") return describeByText(page);
    const raw = [text, page.text].filter(Boolean).join("\n\n");
    return {
      page_number: page.page_number,
      raw_description: raw.toWellFormed().replaceAll("\0", ""),
      normalized_description: mergeTexts(text, page.is_garbled ? "" : page.text),
      described_by: "ocr",
      metadata: placeOf({ ...page, title: title ? cleanLine(title) : null }),
    };
  } catch {
    signal.throwIfAborted();
    return describeByText(page, "ocr_failed");
  }
}

function describeByModel(
  page: PdfPage,
  { content, raw }: { content: SlideContent; raw: string },
  model: string,
): SlideDescription {
  const title = cleanLine(content.title);
  const tags = [...new Set(content.key_terms.map(cleanLine).filter(Boolean))];
  const language = LANGUAGE_TAG.test(content.language) ? content.language : undefined;
  return {
    page_number: page.page_number,
    raw_description: raw.toWellFormed().replaceAll("\0", ""),
    normalized_description: normalizeDescription(content, page.text),
    described_by: "model",
    metadata: {
      ...placeOf(page),
      ...(title && { title }),
      ...(tags.length > 0 && { tags }),
      ...(language && { language }),
      model,
    },
  };
}

const LANGUAGE_TAG = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/;

function placeOf({ title, section, label, headings, running_lines, unreadable }: PdfPage) {
  return {
    ...(title && { title }),
    ...(section && { section }),
    ...(label && { label }),
    ...(headings.length > 0 && { headings }),
    ...(running_lines.length > 0 && { running_lines }),
    ...(unreadable && { unreadable }),
  };
}

import { type ProviderCall, toModelName } from "../../db/jobs/provider-calls";
import type { SlideDescription } from "../../db/slides";
import { AppError } from "../../errors";
import type { PageImage } from "../../media/pdf/page-images";
import type { PdfPage } from "../../media/pdf/pdf";
import type { Ocr } from "../../providers/slides/ocr";
import type {
  SlideAnswer,
  SlideContent,
  SlideDescriber,
} from "../../providers/slides/slide-describer";
import { cleanLine, cleanText } from "../../text/clean-text";
import { normalizeDescription } from "./normalize";

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
  render(page_number: number): Promise<PageImage>;
  signal: AbortSignal;
};

export type DescribedPage = { description: SlideDescription; answer: SlideAnswer | null };

/**
 * Describes one page with the best that is there: a model that sees it, its own text, or for a page
 * without text what can be read off its picture. What went wrong on the way stands in its metadata.
 *
 * @throws AppError `provider_…` when the model cannot be asked now, or not at all
 */
export async function describePage(deck: PageInDeck, tools: PageTools): Promise<DescribedPage> {
  const { page } = deck;
  const hasText = page.text.trim() !== "";
  if (!tools.slideDescriber && (hasText || !tools.ocr)) return unseen(describeByText(page));

  const image = await drawn(page.page_number, tools);
  if (!image) return unseen(describeByText(page, "page_render_failed"));
  if (!tools.slideDescriber) return unseen(await describeByOcr(page, image, tools));

  const slide = { ...deck, ...page, image: image.bytes };
  const answer = await tools.slideDescriber.describe(slide, tools.signal);
  if ("content" in answer) {
    return { description: describeByModel(page, answer, tools.slideDescriber.model), answer };
  }
  const fallback =
    hasText || !tools.ocr ? describeByText(page) : await describeByOcr(page, image, tools);
  const metadata = { ...fallback.metadata, describe_error: answer.problem };
  return { description: { ...fallback, metadata }, answer };
}

/** What one described page cost, or null when nobody was asked. */
export function toProviderCall(
  answer: SlideAnswer | null,
  model: string,
  call_key: string,
): ProviderCall | null {
  if (!answer) return null;
  return {
    ...{ call_key, purpose: "describe", ...toModelName(model) },
    ...("content" in answer
      ? { usage: answer.usage, outcome: "ok" }
      : { usage: answer.usage, outcome: "error", error_code: answer.problem }),
  };
}

const unseen = (description: SlideDescription): DescribedPage => ({ description, answer: null });

/** Null when this page cannot be drawn: the others may. */
async function drawn(page_number: number, { render }: PageTools): Promise<PageImage | null> {
  try {
    return await render(page_number);
  } catch (error) {
    if (error instanceof AppError && error.errorCode === "page_render_failed") return null;
    throw error;
  }
}

/** What a page's own text layer says of it. */
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
    const raw = (await ocr!.read(image.bytes, signal)).toWellFormed().replaceAll("\0", "");
    return {
      page_number: page.page_number,
      raw_description: raw,
      normalized_description: cleanText(raw),
      described_by: "ocr",
      metadata: placeOf(page),
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

function placeOf({ title, section, label, headings, unreadable }: PdfPage) {
  return {
    ...(title && { title }),
    ...(section && { section }),
    ...(label && { label }),
    ...(headings.length > 0 && { headings }),
    ...(unreadable && { unreadable }),
  };
}

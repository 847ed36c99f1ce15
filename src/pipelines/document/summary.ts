import type { DescribedBy, SlideDescription } from "../../db/slides";

export type DeckSummary = {
  /** BCP 47, the most frequent first, as detected by a model or from the words. */
  languages: string[];
  described_by: Record<DescribedBy, number>;
  pages: PageSummary[];
};

export type PageSummary = {
  page_number: number;
  /** The number that the deck itself gives the page; null without one. */
  label: string | null;
  title: string | null;
  section: string | null;
  described_by: DescribedBy;
  /** Why there is no description by the model or by OCR. */
  describe_error: string | null;
  key_terms: string[];
  excerpt: string;
};

const EXCERPT_CHARS = 240;

/** An overview of a deck: title, excerpt and source of the description of each page. */
export function summarizeDeck(
  { language_code }: { language_code: string | null },
  pages: SlideDescription[],
): DeckSummary {
  const counts = new Map(language_code ? [[language_code, 1]] : []);
  const described_by = { model: 0, ocr: 0, text: 0 };
  for (const page of pages) {
    described_by[page.described_by] += 1;
    const { language } = page.metadata;
    if (language) counts.set(language, (counts.get(language) ?? 0) + 1);
  }
  const languages = [...counts].sort(([, a], [, b]) => b - a).map(([language]) => language);
  return { languages, described_by, pages: pages.map(toPageSummary) };
}

function toPageSummary({ page_number, described_by, metadata, ...page }: SlideDescription) {
  return {
    page_number,
    label: metadata.label ?? null,
    title: metadata.title ?? null,
    section: metadata.section ?? null,
    described_by,
    describe_error: metadata.describe_error ?? null,
    key_terms: metadata.tags ?? [],
    excerpt: page.normalized_description.slice(0, EXCERPT_CHARS).toWellFormed(),
  };
}

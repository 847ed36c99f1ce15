import { cleanLine } from "./clean-text";
import { AT_PARAGRAPHS, AT_WORDS, splitToFit, type TokenLimit } from "./split-to-fit";

export type SlidePage = {
  /** From 1. */
  page_number: number;
  /** The number that the deck itself gives the page, if it differs from `page_number`. */
  label?: string | undefined;
  title: string | null;
  /** The outline entry that the page belongs to. */
  section: string | null;
  /** The page's stored text. */
  content: string;
  tags?: string[];
};

export type SlideChunk = {
  chunk_index: number;
  page_number: number;
  /** The last page of the chunk; nearly always `page_number` itself. */
  page_end: number;
  content: string;
  metadata: {
    page: number;
    page_end?: number;
    label?: string;
    section?: string;
    title?: string;
    tags?: string[];
  };
};

/** A picture's caption, or one bullet of a list that appears step by step. */
const NEARLY_EMPTY_TOKENS = 24;
/** A heading helps to find a chunk, but must leave room for the text of the page. */
const MAX_HEADING_SHARE = 0.25;

/**
 * Turns pages into chunks of at most `maxTokens` tokens, each led by its title and section, so
 * that it can be understood alone. A long page is split at paragraphs, then sentences, then words.
 *
 * A chunk never spans pages, unless a page is nearly empty and the page next to it has the same
 * title: slides that reveal their bullets one by one. Pages without content make no chunk.
 *
 * @param pages  in page order
 */
export function chunkSlides(pages: readonly SlidePage[], limit: TokenLimit): SlideChunk[] {
  return groupPages(pages, limit)
    .flatMap((group) => chunkGroup(group, limit))
    .map((chunk, chunk_index) => ({ chunk_index, ...chunk }));
}

function groupPages(pages: readonly SlidePage[], limit: TokenLimit): SlidePage[][] {
  const groups: SlidePage[][] = [];
  for (const page of pages) {
    if (page.content.trim() === "") continue;
    const group = groups.at(-1);
    if (group && belongsTogether(group, page, limit)) group.push(page);
    else groups.push([page]);
  }
  return groups;
}

function belongsTogether(group: SlidePage[], page: SlidePage, limit: TokenLimit): boolean {
  const last = group.at(-1)!;
  const nearlyEmpty = ({ content }: SlidePage) => limit.countTokens(content) <= NEARLY_EMPTY_TOKENS;
  return (
    page.page_number === last.page_number + 1 &&
    sameTitle(last, page) &&
    last.section === page.section &&
    (nearlyEmpty(last) || nearlyEmpty(page)) &&
    limit.countTokens(contentOf(headingOf(last, limit), bodyOf([...group, page]))) <=
      limit.maxTokens
  );
}

function sameTitle(a: SlidePage, b: SlidePage): boolean {
  const [titleA, titleB] = [a, b].map(({ title }) => cleanLine(title ?? "").toLowerCase());
  return titleA !== "" && titleA === titleB;
}

function chunkGroup(group: SlidePage[], limit: TokenLimit): Omit<SlideChunk, "chunk_index">[] {
  const heading = headingOf(group[0]!, limit);
  const headingTokens = limit.countTokens(heading);
  const besideHeading = {
    maxTokens: limit.maxTokens - headingTokens,
    countTokens: (piece: string) => limit.countTokens(contentOf(heading, piece)) - headingTokens,
  };
  return splitToFit(bodyOf(group), besideHeading, AT_PARAGRAPHS)
    .filter((piece, _, pieces) => pieces.length === 1 || piece.trim() !== "")
    .map((piece) => ({
      page_number: group[0]!.page_number,
      page_end: group.at(-1)!.page_number,
      content: contentOf(heading, piece),
      metadata: metadataOf(group),
    }));
}

/** Title, then section, each on its line. */
function headingOf({ title, section }: SlidePage, limit: TokenLimit): string {
  const lines = new Set([title, section].map((line) => cleanLine(line ?? "")));
  lines.delete("");
  const maxTokens = Math.max(1, Math.floor(limit.maxTokens * MAX_HEADING_SHARE));
  return splitToFit([...lines].join("\n"), { ...limit, maxTokens }, AT_WORDS)[0]!.trim();
}

/** The text below the headings of the pages; a text layer repeats title and section at its top. */
function bodyOf(group: SlidePage[]): string {
  return group.map(withoutHeadings).filter(Boolean).join("\n\n");
}

function withoutHeadings({ title, section, content }: SlidePage): string {
  const headings = [title, section].map((line) => cleanLine(line ?? ""));
  const lines = content.trim().split("\n");
  while (lines.length > 0 && ["", ...headings].includes(cleanLine(lines[0]!))) lines.shift();
  return lines.join("\n");
}

function contentOf(heading: string, piece: string): string {
  return [heading, piece.trim()].filter(Boolean).join("\n\n");
}

function metadataOf(group: SlidePage[]): SlideChunk["metadata"] {
  const { page_number: page, label, section, title } = group[0]!;
  const page_end = group.at(-1)!.page_number;
  const tags = [...new Set(group.flatMap((slide) => slide.tags ?? []))];
  return {
    page,
    ...(page_end > page && { page_end }),
    ...(label && { label }),
    ...(section && { section }),
    ...(title && { title }),
    ...(tags.length > 0 && { tags }),
  };
}

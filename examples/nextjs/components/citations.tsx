/**
 * Turns the citation marks of an answer, such as `[1]` or `[2, 3]`, into chips that open the page, or the
 * recording at the second. Copy this file into your app; it needs React only.
 *
 * Citations come with every answer: `message.metadata.citations` in AG-UI and CopilotKit, `citations` in
 * the JSON of `/api/chat` and of stored conversations. docs/citations.md describes their fields.
 */
import type { ReactNode } from "react";

/** The fields of a citation that the chips use. */
export type Citation = {
  number: number;
  title: string | null;
  quote: string;
  /** Absolute; null if the material is not visible now. */
  url: string | null;
  page_number?: number;
  page_label?: string;
  start_ms?: number;
  /** Every sentence with this mark failed the check of the server. */
  unsupported?: true;
};

/** `[1]`, `[1, 2]` and `[1-3]`, and the variants of some models: `【1】`, `[^1]`. */
const MARK = /[[【]\^?\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*(?:†[^\]】\n]{0,80})?[\]】](?![([])/g;
/** Marks in code are not citations. */
const CODE = /```[\s\S]*?(?:```|$)|`[^`\n]*`/g;
/** A longer range is an interval of numbers. */
const LONGEST_RANGE = 20;

/** The citations of an AG-UI message. Empty while the answer is streamed. */
export function citationsOf(message: { metadata?: unknown }): Citation[] {
  const { citations } = (message.metadata ?? {}) as { citations?: Citation[] };
  return Array.isArray(citations) ? citations : [];
}

/** The text with one chip for each known citation. Marks without a citation stay as text. */
export function CitedText({ text, citations }: { text: string; citations: Citation[] }): ReactNode {
  return splitAtMarks(text, citations).map((part, index) =>
    typeof part === "string" ? part : <CitationChip key={index} citation={part} />,
  );
}

/** A small link with the number of a citation; its tooltip shows the source and the quote. */
export function CitationChip({ citation }: { citation: Citation }): ReactNode {
  const { number, quote, unsupported } = citation;
  const url = safeUrl(citation);
  const props = {
    className: unsupported ? "citation citation-unsupported" : "citation",
    title: `${placeOf(citation)}\n${quote}`,
  };
  if (url === null) return <span {...props}>{number}</span>;
  return (
    <a {...props} href={url} target="_blank" rel="noreferrer">
      {number}
    </a>
  );
}

/** The list of sources below an answer. */
export function CitationList({ citations }: { citations: Citation[] }): ReactNode {
  return (
    <ol className="citations">
      {citations.map((citation) => {
        const url = safeUrl(citation);
        const name = placeOf(citation);
        return (
          <li key={citation.number} value={citation.number}>
            {url === null ? (
              name
            ) : (
              <a href={url} target="_blank" rel="noreferrer">
                {name}
              </a>
            )}
          </li>
        );
      })}
    </ol>
  );
}

/**
 * Markdown in which each mark is a link, for any Markdown renderer, such as the one of CopilotKit's
 * `<AssistantMessage>`.
 */
export const linkCitations = (markdown: string, citations: Citation[]): string =>
  splitAtMarks(markdown, citations)
    .map((part) => {
      if (typeof part === "string") return part;
      const url = safeUrl(part);
      return url === null ? `[${part.number}]` : `[\\[${part.number}\\]](<${url}>)`;
    })
    .join("");

/** The title with the page or the time, such as `Entropy, page 7` or `Entropy, 1:01`. */
export function placeOf({ title, page_number, page_label, start_ms }: Citation): string {
  const name = title ?? "Untitled";
  if (page_number !== undefined) return `${name}, page ${page_label ?? page_number}`;
  const seconds = Math.floor((start_ms ?? 0) / 1_000);
  return `${name}, ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** A model or a client can put any address into a citation: only pages of the web become links. */
function safeUrl({ url }: Citation): string | null {
  if (url === null || !URL.canParse(url)) return null;
  const { protocol, href } = new URL(url);
  return protocol === "https:" || protocol === "http:" ? href : null;
}

/** The text in order, with the citations in place of their marks. */
function splitAtMarks(text: string, citations: Citation[]): (string | Citation)[] {
  const known = new Map(citations.map((citation) => [citation.number, citation]));
  const prose = text.replace(CODE, (code) => " ".repeat(code.length));
  const parts: (string | Citation)[] = [];
  let end = 0;
  for (const { 0: mark, index } of prose.matchAll(MARK)) {
    const cited = numbersIn(mark).flatMap((number) => known.get(number) ?? []);
    if (cited.length === 0) continue;
    parts.push(text.slice(end, index), ...cited);
    end = index + mark.length;
  }
  return [...parts, text.slice(end)].filter((part) => part !== "");
}

function numbersIn(mark: string): number[] {
  const ranges = [...mark.replace(/†[^\]】]*/, "").matchAll(/(\d+)(?:\s*[–-]\s*(\d+))?/g)];
  const numbers = ranges.flatMap(([, first, last = first]) => {
    const length = Number(last) - Number(first) + 1;
    if (length < 1 || length > LONGEST_RANGE) return [];
    return Array.from({ length }, (_, offset) => Number(first) + offset);
  });
  return [...new Set(numbers)];
}

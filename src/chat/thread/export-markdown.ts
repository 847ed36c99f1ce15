import type { Citation } from "../../retrieval/passage";
import { toAbsoluteUrl } from "../../text/absolute-urls";
import { toClock } from "../../text/clock";
import { toPagePlace } from "../../text/page-place";

export type ExportedMessage = {
  role: "user" | "assistant" | "system";
  content: string;
  citations: Pick<
    Citation,
    "number" | "title" | "page_number" | "page_label" | "start_ms" | "url"
  >[];
  created_at: string;
};

/**
 * Formats a conversation as Markdown: questions and answers, with the sources below each answer.
 *
 * @param baseUrl our own address, to make links to documents absolute
 */
export function toMarkdown(
  { session_label, messages }: { session_label: string | null; messages: ExportedMessage[] },
  baseUrl: string,
): string {
  const shown = messages.filter(({ content }) => content.trim() !== "");
  return [
    `# ${session_label ?? "Conversation"}`,
    ...shown.map((message) => toSection(message, baseUrl)),
  ]
    .join("\n\n")
    .concat("\n");
}

function toSection(
  { role, content, citations, created_at }: ExportedMessage,
  baseUrl: string,
): string {
  const who = role === "user" ? "Question" : "Answer";
  const sources = citations.map(({ number, title, page_number, page_label, start_ms, url }) => {
    const place =
      page_number === undefined ? toClock(start_ms ?? 0) : toPagePlace(page_number, page_label);
    const name = `${(title ?? "Untitled").replace(/[[\]]/g, " ")}, ${place}`;
    return `- [${number}] ${url === null ? name : `[${name}](${toAbsoluteUrl(url, baseUrl)})`}`;
  });
  const parts = [`## ${who}, ${created_at}`, content.trim(), sources.join("\n")];
  return parts.filter((part) => part !== "").join("\n\n");
}

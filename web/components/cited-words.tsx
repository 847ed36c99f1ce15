import { lectern } from "../server/client";
import { useData } from "../server/use-data";
import { findQuote } from "./find-quote";

type PageWord = { text: string; x: number; y: number; width: number; height: number };

/**
 * The words of a page that a quote contains; undefined while they are read. Empty if the page does not have
 * them as text, such as the description of a picture.
 */
export function useCitedWords(
  id: string,
  page: number,
  quote: string | undefined,
): PageWord[] | undefined {
  const { data, error } = useData(`${id} ${page} text ${quote !== undefined}`, (signal) =>
    quote === undefined
      ? Promise.resolve({ data: undefined, response: new Response() })
      : lectern.GET("/api/documents/{id}/pages/{page_number}/text", {
          params: { path: { id, page_number: page } },
          signal,
        }),
  );
  if (quote === undefined || error !== undefined) return [];
  return data && findQuote(data.words, quote);
}

/** Marks words on the image of their page. */
export function CitedWords({ words }: { words: PageWord[] }) {
  return words.map(({ x, y, width, height }) => (
    <span
      key={`${x} ${y}`}
      className="word"
      style={{
        left: `${100 * x}%`,
        top: `${100 * y}%`,
        width: `${100 * width}%`,
        height: `${100 * height}%`,
      }}
    />
  ));
}

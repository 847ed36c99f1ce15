import { lectern } from "../server/client";
import { useData } from "../server/use-data";
import { findQuote } from "./find-quote";

/** Marks the words of a quote on the image of its page. Shows nothing if the page does not have them as text. */
export function CitedWords({ id, page, quote }: { id: string; page: number; quote: string }) {
  const { data } = useData(`${id} ${page} text`, (signal) =>
    lectern.GET("/api/documents/{id}/pages/{page_number}/text", {
      params: { path: { id, page_number: page } },
      signal,
    }),
  );
  const words = data ? findQuote(data.words, quote) : [];
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

import { useEffect } from "react";
import { toClock } from "../../src/text/clock";
import type { Reference } from "../conversation/exchange";
import type { SourcePlace } from "../route/route";
import { BASE_URL } from "../server/base-url";
import { lectern } from "../server/client";
import { openSigned } from "../server/signed-url";
import { useData } from "../server/use-data";
import { strings } from "../text/strings";
import { CitedWords } from "./cited-words";
import { PageImage } from "./page-image";
import { pageImageUrl } from "./place";

type DocumentPlace = Extract<SourcePlace, { kind: "document" }>;
type DocumentSourceProps = {
  place: DocumentPlace;
  reference: Reference | undefined;
  onMove: (place: SourcePlace) => void;
};

/** A page of a document: its image with the cited words, and when lectures show it. */
export function DocumentSource({ place, reference, onMove }: DocumentSourceProps) {
  const { id, page } = place;
  const { data: document, error } = useData(id, (signal) =>
    lectern.GET("/api/documents/{id}", { params: { path: { id } }, signal }),
  );
  const { data: shown } = useData(`${id} ${page}`, (signal) =>
    lectern.GET("/api/documents/{id}/pages/{page_number}/moments", {
      params: { path: { id, page_number: page } },
      signal,
    }),
  );
  const count = document?.page_count ?? page;
  const cited = reference?.page_number === page ? reference : undefined;
  const move = (to: number) => {
    if (to >= 1 && to <= count) onMove({ kind: "document", id, page: to });
  };
  usePageKeys(page, move);
  if (error) return <p className="problem">{strings.sourceMissing}</p>;
  const title = document?.title ?? document?.filename ?? strings.loading;
  return (
    <>
      <h2 dir="auto">{title}</h2>
      <figure className="slide">
        <PageImage
          url={pageImageUrl(id, page, cited?.sha256)}
          alt={`${title}, ${strings.page(String(page))}`}
        />
        {cited && !cited.replaced && <CitedWords id={id} page={page} quote={cited.quote} />}
      </figure>
      <nav className="pager" aria-label={strings.slide}>
        <button
          type="button"
          aria-label={strings.previousPage}
          disabled={page <= 1}
          onClick={() => move(page - 1)}
        >
          ◀
        </button>
        <span>{strings.pageOf(page, count)}</span>
        <button
          type="button"
          aria-label={strings.nextPage}
          disabled={page >= count}
          onClick={() => move(page + 1)}
        >
          ▶
        </button>
        <button
          type="button"
          className="link"
          onClick={() => void openSigned(`${BASE_URL}/api/documents/${id}/file#page=${page}`)}
        >
          {strings.openFile}
        </button>
      </nav>
      {cited?.quote && (
        <blockquote className="quote" dir="auto">
          {cited.quote}
        </blockquote>
      )}
      {shown && shown.moments.length > 0 && (
        <section>
          <h3>{strings.shownAt}</h3>
          <ul className="moments">
            {shown.moments.map(({ lecture_id, title: lecture, start_ms, end_ms }) => (
              <li key={`${lecture_id} ${start_ms}`}>
                <button
                  type="button"
                  className="link"
                  dir="auto"
                  onClick={() => onMove({ kind: "lecture", id: lecture_id, ms: start_ms })}
                >
                  {lecture ?? strings.untitled}, {toClock(start_ms)}–{toClock(end_ms)}
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** The arrow keys turn the pages, except while the reader types. */
function usePageKeys(page: number, move: (to: number) => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const isTyping =
        event.target instanceof HTMLElement && event.target.closest("input, textarea, select");
      if (isTyping || event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === "ArrowLeft") move(page - 1);
      if (event.key === "ArrowRight") move(page + 1);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
}

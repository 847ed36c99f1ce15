import { useEffect, useEffectEvent } from "react";
import type { Reference } from "../conversation/exchange";
import type { SourcePlace } from "../route/route";
import { BASE_URL } from "../server/base-url";
import { lectern } from "../server/client";
import { openSigned } from "../server/signed-url";
import { useData } from "../server/use-data";
import { strings } from "../text/strings";
import { CitedWords, useCitedWords } from "./cited-words";
import { PageImage } from "./page-image";
import { pageImageUrl } from "./place";
import { SaidMoments } from "./said-moments";

type DocumentPlace = Extract<SourcePlace, { kind: "document" }>;
type DocumentSourceProps = {
  place: DocumentPlace;
  reference: Reference | undefined;
  onMove: (place: SourcePlace) => void;
};

/** A page of a document: its image with the cited words, and what lecturers said about it. */
export function DocumentSource({ place, reference, onMove }: DocumentSourceProps) {
  const { id } = place;
  const { data: document, error } = useData(id, (signal) =>
    lectern.GET("/api/documents/{id}", { params: { path: { id } }, signal }),
  );
  const count = document?.page_count ?? undefined;
  const cited = reference?.page_number === place.page ? reference : undefined;
  // An address can name a page beyond the last one. A citation of a former version can, too: it has that page.
  const page = cited?.replaced ? place.page : Math.min(place.page, count ?? place.page);
  const words = useCitedWords(id, page, cited?.replaced ? undefined : cited?.quote);
  const move = (to: number) => {
    const next = to < page ? Math.min(to, count ?? to) : to;
    if (next >= 1 && next <= (count ?? page)) onMove({ kind: "document", id, page: next });
  };
  usePageKeys(page, move);
  if (error) return <p className="problem">{strings.sourceMissing}</p>;
  const title = document?.title ?? document?.filename ?? strings.loading;
  return (
    <>
      <h2 dir="auto">{title}</h2>
      <div className="beside">
        <div>
          <figure className="slide">
            <PageImage
              url={pageImageUrl(id, page, cited?.sha256)}
              alt={`${title}, ${strings.page(String(page))}`}
            />
            <CitedWords words={words ?? []} />
          </figure>
          <nav className="pager" aria-label={strings.slide}>
            <button
              type="button"
              className="quiet icon"
              aria-label={strings.previousPage}
              disabled={page <= 1}
              onClick={() => move(page - 1)}
            >
              ◀
            </button>
            <span>
              {count === undefined ? strings.page(String(page)) : strings.pageOf(page, count)}
            </span>
            <button
              type="button"
              className="quiet icon"
              aria-label={strings.nextPage}
              disabled={page >= (count ?? page)}
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
        </div>
        <div>
          {cited?.quote && (
            <figure className="cited-quote">
              {/* Words that are not on the page as text are the description of a picture. */}
              <figcaption>
                {words?.length === 0 && !cited.replaced ? strings.describedAs : strings.cited}
              </figcaption>
              <blockquote className="quote" dir="auto">
                {cited.quote}
              </blockquote>
            </figure>
          )}
          <SaidMoments id={id} page={page} onMove={onMove} />
        </div>
      </div>
    </>
  );
}

/** The arrow keys turn the pages, except while the reader types. */
function usePageKeys(page: number, move: (to: number) => void): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const isTyping =
      event.target instanceof HTMLElement && event.target.closest("input, textarea, select");
    if (isTyping || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowLeft") move(page - 1);
    if (event.key === "ArrowRight") move(page + 1);
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => onKey(event);
    addEventListener("keydown", listener);
    return () => removeEventListener("keydown", listener);
  }, []);
}

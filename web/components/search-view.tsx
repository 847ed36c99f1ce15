import { type Course, dataOf, type Passage } from "@lectern/client";
import { useEffect, useState } from "react";
import { beginThread } from "../conversation/history";
import { navigate } from "../route/use-route";
import { lectern, reasonOf } from "../server/client";
import { strings } from "../text/strings";
import { PageImage } from "./page-image";
import { imageUrlOf, placeName, toPlace } from "./place";

type Found = { course: Course; passage: Passage };
const PER_COURSE = 4;
const SHOWN = 24;
/** Courses that are searched at the same time. */
const AT_ONCE = 4;

/** One search over all courses that the reader can see. */
export default function SearchView({ query, courses }: { query: string; courses: Course[] }) {
  const [text, setText] = useState(query);
  const [found, setFound] = useState<{ query: string; items: Found[]; problem?: string }>();
  useEffect(() => setText(query), [query]);
  useEffect(() => {
    if (query === "" || courses.length === 0) return;
    const leaving = new AbortController();
    searchAll(courses, query, leaving.signal).then(
      (items) => setFound({ query, items }),
      (error: unknown) => {
        if (!leaving.signal.aborted) setFound({ query, items: [], problem: reasonOf(error) });
      },
    );
    return () => leaving.abort();
  }, [query, courses]);
  const current = found?.query === query ? found : undefined;
  return (
    <main className="search">
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          navigate({ view: "search", query: text.trim() });
        }}
      >
        <input
          type="search"
          dir="auto"
          aria-label={strings.searchAll}
          placeholder={strings.searchAll}
          value={text}
          // biome-ignore lint/a11y/noAutofocus: the reader has opened the search
          autoFocus
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit">{strings.searchButton}</button>
        <button type="button" className="quiet" onClick={() => history.back()}>
          {strings.back}
        </button>
      </form>
      {query !== "" && !current && <p className="note">{strings.loading}</p>}
      {current?.problem && (
        <p className="problem" role="alert">
          {current.problem}
        </p>
      )}
      {current && !current.problem && current.items.length === 0 && <p>{strings.nothingFound}</p>}
      <ol className="cards">
        {current?.items.map(({ course, passage: { chunk_id, citation } }) => {
          const source = toPlace(citation);
          return (
            <li className="card result" key={chunk_id}>
              <PageImage url={imageUrlOf(citation)} alt="" />
              <div>
                <small dir="auto">{course.name}</small>
                <h2>
                  <button
                    type="button"
                    className="link"
                    dir="auto"
                    onClick={() =>
                      navigate({
                        view: "course",
                        course: course.id,
                        thread: beginThread(),
                        ...(source && { source }),
                      })
                    }
                  >
                    {citation.title ?? strings.untitled}, {placeName(citation)}
                  </button>
                </h2>
                <blockquote dir="auto">{citation.quote}</blockquote>
              </div>
            </li>
          );
        })}
      </ol>
    </main>
  );
}

/** The best passages of all courses, best first. */
async function searchAll(courses: Course[], query: string, signal: AbortSignal): Promise<Found[]> {
  const found: Found[] = [];
  const waiting = [...courses];
  const search = async () => {
    for (let course = waiting.shift(); course; course = waiting.shift()) {
      const body = { course_id: course.id, query, top_k: PER_COURSE };
      const passages = await dataOf(
        lectern.POST("/api/retrieval/query", { body: body as never, signal }),
      );
      const { id } = course;
      found.push(
        ...passages.map((passage) => ({ passage, course: courses.find((one) => one.id === id)! })),
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, search));
  return found.sort((a, b) => b.passage.score - a.passage.score).slice(0, SHOWN);
}

import { type Course, type CoursePassage, dataOf } from "@lectern/client";
import { useEffect, useState } from "react";
import { beginThreadWith } from "../conversation/carried";
import { navigate } from "../route/use-route";
import { lectern, reasonOf } from "../server/client";
import { strings } from "../text/strings";
import { AnswerCard } from "./answer-card";
import { PageImage } from "./page-image";
import { imageUrlOf, toPlace } from "./place";
import { SourceName } from "./source-list";

type Found = { query: string; passages: CoursePassage[]; problem?: string };
const SHOWN = 24;

/** Courses that are offered while the reader types. */
const COURSES_SHOWN = 8;

type SearchViewProps = {
  query: string;
  courses: Course[];
  writesAnswers: boolean;
  /** Shows the course that was open before. */
  onBack: () => void;
};

/** One search over all courses that the reader can see. */
export default function SearchView(props: SearchViewProps) {
  const { query, courses, writesAnswers, onBack } = props;
  const [text, setText] = useState(query);
  const found = useSearch(query);
  useEffect(() => setText(query), [query]);
  const passages = found?.passages ?? [];
  return (
    <main className="search">
      <search>
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
          <button type="button" className="quiet" onClick={onBack}>
            {strings.back}
          </button>
        </form>
      </search>
      {text.trim() !== query.trim() || query === "" ? (
        <CourseLinks courses={courses} text={text} />
      ) : null}
      <p className="note" role="status">
        {query !== "" && (found ? strings.passages(passages.length) : strings.loading)}
      </p>
      {found?.problem && (
        <p className="problem" role="alert">
          {found.problem}
        </p>
      )}
      {passages.length > 0 && (
        <AnswerCard
          key={query}
          question={query}
          courses={coursesOf(passages)}
          writesAnswers={writesAnswers}
        />
      )}
      <ol className="cards">
        {passages.map((passage) => (
          <Result key={passage.chunk_id} {...passage} />
        ))}
      </ol>
    </main>
  );
}

/** The courses whose names have the typed text. */
function CourseLinks({ courses, text }: { courses: Course[]; text: string }) {
  const typed = text.trim().toLocaleLowerCase();
  const named = courses.filter(({ name }) => name.toLocaleLowerCase().includes(typed));
  if (named.length === 0) return null;
  return (
    <ul className="suggestions" aria-label={strings.courses}>
      {named.slice(0, COURSES_SHOWN).map(({ id, name }) => (
        <li key={id}>
          <button type="button" dir="auto" onClick={() => navigate({ view: "course", course: id })}>
            {name}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** The passages of all courses, best first; undefined while they are searched. */
function useSearch(query: string): Found | undefined {
  const [found, setFound] = useState<Found>();
  useEffect(() => {
    if (query === "") return;
    const leaving = new AbortController();
    const { signal } = leaving;
    dataOf(lectern.POST("/api/search", { body: { query, top_k: SHOWN } as never, signal })).then(
      (passages) => setFound({ query, passages }),
      (error: unknown) => {
        if (!signal.aborted) setFound({ query, passages: [], problem: reasonOf(error) });
      },
    );
    return () => leaving.abort();
  }, [query]);
  return found?.query === query ? found : undefined;
}

/** The courses of the passages, in the order of their best passage. */
const coursesOf = (passages: CoursePassage[]) =>
  [...new Map(passages.map(({ course_id, course_name }) => [course_id, course_name]))].map(
    ([id, name]) => ({ id, name }),
  );

function Result({ citation, course_id, course_name }: CoursePassage) {
  const source = toPlace(citation);
  const open = () =>
    navigate({
      view: "course",
      course: course_id,
      thread: beginThreadWith({ reference: citation }),
      ...(source && { source }),
    });
  return (
    <li className="card result">
      <PageImage url={imageUrlOf(citation)} alt="" />
      <div>
        <small dir="auto">{course_name}</small>
        <h2>
          <button type="button" className="link" onClick={open}>
            <SourceName reference={citation} />
          </button>
        </h2>
        <blockquote dir="auto">{citation.quote}</blockquote>
      </div>
    </li>
  );
}

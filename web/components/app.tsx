import type { Course } from "@lectern/client";
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { beginThread } from "../conversation/history";
import type { Route } from "../route/route";
import { navigate, useRoute } from "../route/use-route";
import { isKeyRefused, isUnreachable, reasonOf } from "../server/client";
import { canIngest, useCourses, usePageSettings } from "../server/courses";
import { explainRefusal, findKey, storeKey } from "../server/credential";
import { strings } from "../text/strings";
import { Connection } from "./connection";
import { CourseView } from "./course-view";
import { CreateCourse } from "./create-course";
import { FaultBoundary } from "./fault-boundary";
import { Header } from "./header";
import { KeyDialog } from "./key-dialog";

const SearchView = lazy(() => import("./search-view"));

/** The whole page: the course of the address, or the search over all courses. */
export function App() {
  const route = useRoute();
  const { courses, error, reload } = useCourses();
  const settings = usePageSettings(findKey());
  const canCreate = canIngest(settings?.caller);
  const [isRefused, setRefused] = useState(false);
  useSearchKey();
  const onKeyRefused = useCallback(() => setRefused(true), []);
  const lastCourse = useRef<Route>({ view: "course" });
  useEffect(() => {
    if (route.view === "course") lastCourse.current = route;
  }, [route]);

  const [first] = courses ?? [];
  const isStart = route.view === "course" && !route.course;
  useEffect(() => {
    if (isStart && first) navigate({ view: "course", course: first.id }, { replace: true });
  }, [isStart, first]);
  // A course without a thread begins one, so that the address can be shared at once.
  const course =
    route.view === "course" ? courses?.find(({ id }) => id === route.course) : undefined;
  useEffect(() => {
    if (route.view !== "course" || route.thread || !course) return;
    navigate({ ...route, thread: beginThread() }, { replace: true });
  }, [route, course]);
  useEffect(() => {
    document.title = course ? `${course.name} · Lectern` : "Lectern";
  }, [course]);

  if (isRefused || isKeyRefused(error)) {
    return (
      <>
        <Header courses={[]} course={undefined} canCreate={false} onCreated={reload} />
        <KeyDialog
          problem={explainRefusal()}
          onKey={(key) => {
            storeKey(key);
            setRefused(false);
            reload();
          }}
        />
      </>
    );
  }
  const hasSample = settings?.features.sample_course ?? false;
  const open = (created: Course) => {
    reload();
    navigate({ view: "course", course: created.id });
  };
  return (
    <>
      <button type="button" className="skip" onClick={focusQuestion}>
        {strings.skip}
      </button>
      <Header
        courses={courses ?? []}
        course={course}
        canCreate={canCreate}
        hasSample={hasSample}
        onCreated={open}
      />
      {isUnreachable(error) && <Connection onBack={reload} />}
      {error !== undefined && !isUnreachable(error) && (
        <p className="problem" role="alert">
          {reasonOf(error)}
        </p>
      )}
      {route.view === "search" ? (
        <FaultBoundary key="search">
          <Suspense fallback={<main className="empty">{strings.loading}</main>}>
            <SearchView
              query={route.query}
              courses={courses ?? []}
              writesAnswers={settings?.features.written_answers ?? true}
              onBack={() => navigate(lastCourse.current)}
            />
          </Suspense>
        </FaultBoundary>
      ) : course && route.thread ? (
        <CourseView
          key={`${course.id} ${route.thread}`}
          course={course}
          thread={route.thread}
          source={route.source}
          caller={settings?.caller}
          writesAnswers={settings?.features.written_answers ?? true}
          onKeyRefused={onKeyRefused}
        />
      ) : (
        <main className="empty">
          {courses?.length === 0 &&
            settings &&
            (canCreate ? (
              <CreateCourse isFirst hasSample={hasSample} onCreated={open} />
            ) : (
              <p>{strings.noCourseShared}</p>
            ))}
          {courses === undefined && error === undefined && <p>{strings.loading}</p>}
          {courses && courses.length > 0 && route.view === "course" && route.course && !course && (
            <p className="problem" role="alert">
              {strings.courseMissing}
            </p>
          )}
        </main>
      )}
    </>
  );
}

/** Ctrl K or ⌘ K opens the search over all courses, also while the reader types. */
function useSearchKey(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      if (event.shiftKey || event.altKey || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      navigate({ view: "search", query: "" });
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

function focusQuestion(): void {
  document.getElementById("question")?.focus();
}

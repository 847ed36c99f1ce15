import type { Course } from "@lectern/client";
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from "react";
import { findCarriedReference } from "../conversation/carried";
import { findCited } from "../conversation/cited";
import type { Reference } from "../conversation/exchange";
import { useConversation } from "../conversation/use-conversation";
import { formatPlace, type Route, type SourcePlace } from "../route/route";
import { navigate } from "../route/use-route";
import type { Caller } from "../server/courses";
import { strings } from "../text/strings";
import { ConversationView } from "./conversation-view";
import { KeyList } from "./key-list";
import { toPlace } from "./place";
import { SourcesPane } from "./sources-pane";
import { useShortcuts } from "./use-shortcuts";

const SourcePanel = lazy(() => import("./source-panel"));

type CourseViewProps = {
  course: Course;
  thread: string;
  source: SourcePlace | undefined;
  caller: Caller | undefined;
  writesAnswers: boolean;
  onKeyRefused: () => void;
};

/** Sources, conversation and the open source of one course. */
export function CourseView({
  course,
  thread,
  source,
  caller,
  writesAnswers,
  onKeyRefused,
}: CourseViewProps) {
  const [isMenuOpen, setMenuOpen] = useState(false);
  const [showsKeys, setShowsKeys] = useState(false);
  /** The citation that the reader opened. Two citations can be at one place. */
  const [opened, setOpened] = useState(() => findCarriedReference(thread));
  const route: Extract<Route, { view: "course" }> = { view: "course", course: course.id, thread };

  const openPlace = (place: SourcePlace | undefined, { replace = false } = {}) =>
    navigate({ ...route, ...(place && { source: place }) }, { replace });
  const openReference = useCallback((reference: Reference): boolean => {
    const place = toPlace(reference);
    if (!place) return false;
    setOpened(reference);
    navigate({ ...route, source: place });
    return true;
  }, []);
  const close = () => {
    openPlace(undefined);
    document.getElementById("question")?.focus();
  };

  const { conversation, state } = useConversation({
    course_id: course.id,
    thread_id: thread,
    position: () =>
      source &&
      (source.kind === "document"
        ? { asset_id: source.id, page: source.page }
        : { asset_id: source.id, time_ms: source.ms }),
    showSource: openReference,
  });
  const isRunning = state.status === "running";
  // Not for each word of an answer: the marks of all answers are searched.
  const cited = useMemo(
    () => state.exchanges.flatMap((exchange) => findCited(exchange, state.references)),
    [isRunning, state.exchanges.length, state.references],
  );
  useEffect(() => {
    if (state.keyRefused && state.status !== "running") onKeyRefused();
  }, [state.keyRefused, state.status, onKeyRefused]);
  useShortcuts({
    onEscape: () => (state.status === "running" ? conversation.stop() : source && close()),
    onHelp: () => setShowsKeys(true),
  });

  return (
    <div className={`panes${source ? " with-source" : ""}${isMenuOpen ? " with-menu" : ""}`}>
      <button
        type="button"
        className="menu quiet"
        aria-expanded={isMenuOpen}
        onClick={() => setMenuOpen(!isMenuOpen)}
      >
        ☰ {strings.sources}
      </button>
      <SourcesPane
        course={course}
        thread={thread}
        caller={caller}
        onOpen={(place) => {
          setMenuOpen(false);
          setOpened(undefined);
          openPlace(place);
        }}
      />
      <ConversationView
        conversation={conversation}
        state={state}
        writesAnswers={writesAnswers}
        hasPosition={source !== undefined}
        onOpen={openReference}
      />
      {source && (
        <Suspense fallback={<aside className="panel">{strings.loading}</aside>}>
          <SourcePanel
            place={source}
            reference={[opened, ...cited].find((one) => one && isAt(one, source))}
            cited={cited
              .filter(({ asset_id }) => asset_id === source.id)
              .flatMap(({ start_ms }) => start_ms ?? [])}
            onMove={(place) => openPlace(place, { replace: true })}
            onAsk={() => document.getElementById("question")?.focus()}
            onClose={close}
          />
        </Suspense>
      )}
      {showsKeys && <KeyList onClose={() => setShowsKeys(false)} />}
    </div>
  );
}

function isAt(reference: Reference, place: SourcePlace): boolean {
  const at = toPlace(reference);
  return at !== undefined && formatPlace(at) === formatPlace(place);
}

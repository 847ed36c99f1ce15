import type { Course } from "@lectern/client";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { findCarriedReference } from "../conversation/carried";
import { findCited } from "../conversation/cited";
import type { Reference } from "../conversation/exchange";
import { useConversation } from "../conversation/use-conversation";
import { formatPlace, type Route, type SourcePlace } from "../route/route";
import { navigate } from "../route/use-route";
import type { Caller } from "../server/courses";
import { strings } from "../text/strings";
import { ConversationView } from "./conversation-view";
import { Fault, FaultBoundary } from "./fault-boundary";
import { KeyList } from "./key-list";
import { toPlace } from "./place";
import { SourcesPane } from "./sources-pane";
import { useShortcuts } from "./use-shortcuts";

const SourcePanel = lazy(() => import("./source-panel"));

/** The sources are a drawer, as in `style.css`. */
const IS_DRAWER = "(max-width: 1199px)";

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
  const menu = useRef<HTMLButtonElement>(null);
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
  const close = () => openPlace(undefined);
  const closeMenu = () => {
    setMenuOpen(false);
    menu.current?.focus();
  };

  const openAsset = useCallback((place: SourcePlace) => {
    setMenuOpen(false);
    setOpened(undefined);
    openPlace(place);
  }, []);
  // A course without sources can only be given some, so small screens show the place for them.
  const openMenu = useCallback(() => setMenuOpen(matchMedia(IS_DRAWER).matches), []);

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
    onEscape: () => {
      if (state.status === "running") conversation.stop();
      else if (isMenuOpen) closeMenu();
      else if (source) close();
    },
    onHelp: () => setShowsKeys(true),
  });

  return (
    <div className={`panes${source ? " with-source" : ""}${isMenuOpen ? " with-menu" : ""}`}>
      <button
        ref={menu}
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
        onEmpty={openMenu}
        onOpen={openAsset}
      />
      <ConversationView
        conversation={conversation}
        state={state}
        writesAnswers={writesAnswers}
        hasPosition={source !== undefined}
        onOpen={openReference}
      />
      {source && (
        <FaultBoundary fallback={<FailedPanel onClose={close} />}>
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
        </FaultBoundary>
      )}
      {showsKeys && <KeyList onClose={() => setShowsKeys(false)} />}
    </div>
  );
}

/** In place of a panel whose code cannot be loaded. */
function FailedPanel({ onClose }: { onClose: () => void }) {
  return (
    <aside className="panel" aria-label={strings.source}>
      <div className="panel-bar">
        <span className="spread" />
        <button type="button" className="quiet icon" aria-label={strings.close} onClick={onClose}>
          ✕
        </button>
      </div>
      <Fault />
    </aside>
  );
}

function isAt(reference: Reference, place: SourcePlace): boolean {
  const at = toPlace(reference);
  return at !== undefined && formatPlace(at) === formatPlace(place);
}

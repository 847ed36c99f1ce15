import { memo, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { toClock } from "../../src/text/clock";
import { strings } from "../text/strings";
import { findText } from "./find-text";
import type { Segment } from "./use-transcript";

type TranscriptViewProps = {
  /** Undefined while they are read. */
  segments: Segment[] | undefined;
  /** The open moment; it changes while a recording plays. */
  ms: number;
  /** End of the cited speech, which begins at `ms`; undefined if nothing is cited. */
  end_ms: number | undefined;
  onHits: (starts: number[]) => void;
  onMove: (ms: number) => void;
};

/**
 * A transcript at a moment. It follows the moment until the reader scrolls, and again after a jump. The
 * search marks words and does not hide the rest.
 */
export function TranscriptView(props: TranscriptViewProps) {
  const { segments, ms, end_ms = ms, onHits, onMove } = props;
  const [query, setQuery] = useState("");
  const [isFollowing, setFollowing] = useState(true);
  const scroller = useRef<HTMLDivElement>(null);
  const indexAt = (moment: number) =>
    Math.max(0, segments?.findLastIndex(({ start_ms }) => start_ms <= moment) ?? 0);
  const at = indexAt(ms);
  useEffect(() => {
    const area = scroller.current;
    const line = area?.querySelector("ol")?.children[at];
    if (!isFollowing || !area || !(line instanceof HTMLElement)) return;
    // Not `scrollIntoView`, which would also move the panel, and with it the player.
    // Above the middle: the end of the area can be below the window.
    area.scrollTop = line.offsetTop - area.clientHeight / 4;
  }, [at, segments, isFollowing]);
  const words = query.trim();
  const found = useMemo(
    () =>
      words === ""
        ? []
        : (segments ?? []).filter(({ text }) => findText(text, words).some((one) => one.isFound)),
    [segments, words],
  );
  useEffect(() => onHits(found.map(({ start_ms }) => start_ms)), [found, onHits]);
  const move = useRef(onMove);
  move.current = onMove;
  const jump = useCallback((to: number) => {
    setFollowing(true);
    move.current(to);
  }, []);
  if (!segments) return <p className="note">{strings.loading}</p>;
  if (segments.length === 0) return <p className="note">{strings.noTranscript}</p>;
  const pause = () => setFollowing(false);
  return (
    <section className="transcript" aria-label={strings.said}>
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          const next = found.find(({ start_ms }) => start_ms > ms) ?? found[0];
          if (next) jump(next.start_ms);
        }}
      >
        <input
          type="search"
          aria-label={strings.searchTranscript}
          placeholder={strings.searchTranscript}
          value={query}
          onChange={(event) => setQuery(event.target.value)}
        />
        {!isFollowing && (
          <button type="button" className="quiet" onClick={() => setFollowing(true)}>
            {strings.backToPlace}
          </button>
        )}
      </form>
      <p className="note" role="status">
        {words !== "" && strings.matches(found.length)}
      </p>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: scrolling by hand is no control; the button above resumes */}
      <div className="segments" ref={scroller} onWheel={pause} onTouchMove={pause}>
        <SegmentList
          segments={segments}
          first={at}
          last={Math.max(at, indexAt(end_ms - 1))}
          words={words}
          onJump={jump}
        />
      </div>
    </section>
  );
}

type SegmentListProps = {
  segments: Segment[];
  /** The segments of the open moment or of the cited speech, by their places in `segments`. */
  first: number;
  last: number;
  words: string;
  onJump: (ms: number) => void;
};

/** A player sends its time several times a second; the list changes only with the segment. */
const SegmentList = memo(({ segments, first, last, words, onJump }: SegmentListProps) => (
  <ol>
    {segments.map(({ start_ms, text }, index) => (
      <li
        key={`${start_ms} ${index}`}
        className={index >= first && index <= last ? "lit" : undefined}
      >
        <button type="button" className="time link" onClick={() => onJump(start_ms)}>
          {toClock(start_ms)}
        </button>
        <span dir="auto">
          {findText(text, words).map((part, at) =>
            part.isFound ? <mark key={at}>{part.text}</mark> : part.text,
          )}
        </span>
      </li>
    ))}
  </ol>
));

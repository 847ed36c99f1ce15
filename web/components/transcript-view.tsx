import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { toClock } from "../../src/text/clock";
import { strings } from "../text/strings";
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
  const { segments, ms, end_ms = ms + 1, onHits, onMove } = props;
  const [query, setQuery] = useState("");
  const [isFollowing, setFollowing] = useState(true);
  const scroller = useRef<HTMLDivElement>(null);
  const current = useRef<HTMLLIElement>(null);
  const at = Math.max(0, segments?.findLastIndex(({ start_ms }) => start_ms <= ms) ?? 0);
  useEffect(() => {
    const [area, line] = [scroller.current, current.current];
    if (!isFollowing || !area || !line) return;
    // Not `scrollIntoView`, which would also move the panel, and with it the player.
    area.scrollTop = line.offsetTop - (area.clientHeight - line.clientHeight) / 2;
  }, [at, segments, isFollowing]);
  const words = query.trim().toLocaleLowerCase();
  const found = useMemo(
    () =>
      words === ""
        ? []
        : (segments ?? []).filter(({ text }) => text.toLocaleLowerCase().includes(words)),
    [segments, words],
  );
  useEffect(() => onHits(found.map(({ start_ms }) => start_ms)), [found, onHits]);
  if (!segments) return <p className="note">{strings.loading}</p>;
  if (segments.length === 0) return <p className="note">{strings.noTranscript}</p>;
  const jump = (to: number) => {
    setFollowing(true);
    onMove(to);
  };
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
        <ol>
          {segments.map((segment, index) => {
            const isCited = segment.end_ms > ms && segment.start_ms < end_ms;
            return (
              <li
                key={`${segment.start_ms} ${index}`}
                ref={index === at ? current : undefined}
                className={index === at || isCited ? "lit" : undefined}
              >
                <button type="button" className="time link" onClick={() => jump(segment.start_ms)}>
                  {toClock(segment.start_ms)}
                </button>
                <span dir="auto">{withMarks(segment.text, words)}</span>
              </li>
            );
          })}
        </ol>
      </div>
    </section>
  );
}

/** A text with the found words marked. */
function withMarks(text: string, words: string): ReactNode {
  if (words === "") return text;
  const pieces: ReactNode[] = [];
  const lower = text.toLocaleLowerCase();
  let from = 0;
  for (let at = lower.indexOf(words); at >= 0; at = lower.indexOf(words, from)) {
    pieces.push(text.slice(from, at), <mark key={at}>{text.slice(at, at + words.length)}</mark>);
    from = at + words.length;
  }
  return [...pieces, text.slice(from)];
}

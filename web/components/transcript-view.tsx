import type { Transcript } from "@lectern/client";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { toClock } from "../../src/text/clock";
import { strings } from "../text/strings";

type Segment = NonNullable<Transcript["segments"]>[number];
type TranscriptViewProps = {
  segments: Segment[];
  isLoading: boolean;
  /** The open moment. */
  ms: number;
  /** End of the cited speech, which begins at `ms`; undefined if nothing is cited. */
  end_ms: number | undefined;
  onHits: (starts: number[]) => void;
  onMove: (ms: number) => void;
};

/** A transcript at a moment. The search marks words and does not hide the rest. */
export function TranscriptView(props: TranscriptViewProps) {
  const { segments, isLoading, ms, end_ms = ms + 1, onHits, onMove } = props;
  const [query, setQuery] = useState("");
  const current = useRef<HTMLLIElement>(null);
  const scrollToCurrent = () => {
    // Returns nothing: browsers return a promise here, which React would call as the end of the effect.
    void current.current?.scrollIntoView({ block: "center" });
  };
  useEffect(scrollToCurrent, [ms, segments.length]);
  const words = query.trim().toLocaleLowerCase();
  const found = useMemo(
    () =>
      words === "" ? [] : segments.filter(({ text }) => text.toLocaleLowerCase().includes(words)),
    [segments, words],
  );
  useEffect(() => onHits(found.map(({ start_ms }) => start_ms)), [found, onHits]);
  if (isLoading) return <p className="note">{strings.loading}</p>;
  const at = Math.max(
    0,
    segments.findLastIndex(({ start_ms }) => start_ms <= ms),
  );
  return (
    <section className="transcript" aria-label={strings.said}>
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          const next = found.find(({ start_ms }) => start_ms > ms) ?? found[0];
          if (next) onMove(next.start_ms);
        }}
      >
        <input
          type="search"
          aria-label={strings.searchTranscript}
          placeholder={strings.searchTranscript}
          value={query}
          onChange={(event) => setQuery(event.target.value)}
        />
        <button type="button" className="quiet" onClick={scrollToCurrent}>
          {strings.backToPlace}
        </button>
      </form>
      <p className="note" role="status">
        {words !== "" && strings.matches(found.length)}
      </p>
      <ol className="segments">
        {segments.map((segment, index) => {
          const isCited = segment.end_ms > ms && segment.start_ms < end_ms;
          return (
            <li
              key={segment.start_ms}
              ref={index === at ? current : undefined}
              className={index === at || isCited ? "lit" : undefined}
            >
              <button type="button" className="time link" onClick={() => onMove(segment.start_ms)}>
                {toClock(segment.start_ms)}
              </button>
              <span dir="auto">{withMarks(segment.text, words)}</span>
            </li>
          );
        })}
      </ol>
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

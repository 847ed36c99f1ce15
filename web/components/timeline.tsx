import type { LectureTimeline } from "@lectern/client";
import { toClock } from "../../src/text/clock";
import { strings } from "../text/strings";

type TimelineProps = {
  spans: LectureTimeline["spans"];
  /** The open moment. */
  ms: number;
  /** Moments that the search found. */
  hits: number[];
  onMove: (ms: number) => void;
};

/** The slides of a lecture as a strip: one cell for each span, as wide as its time. */
export function Timeline({ spans, ms, hits, onMove }: TimelineProps) {
  const end = spans.at(-1)?.end_ms ?? 1;
  const percent = (at: number) => `${(100 * at) / end}%`;
  return (
    <fieldset className="timeline" aria-label={strings.timeline} dir="ltr">
      {spans.map(({ start_ms, end_ms, page_number, page_label, page_title }) => {
        const name = strings.page(page_label ?? String(page_number));
        const label = [toClock(start_ms), name, page_title].filter(Boolean).join(" · ");
        return (
          <button
            key={`${start_ms} ${page_number}`}
            type="button"
            title={label}
            aria-label={label}
            aria-current={start_ms <= ms && ms < end_ms}
            style={{ insetInlineStart: percent(start_ms), width: percent(end_ms - start_ms) }}
            onClick={() => onMove(start_ms)}
          />
        );
      })}
      {hits.map((at) => (
        <span key={at} className="hit" style={{ insetInlineStart: percent(at) }} />
      ))}
      <span className="now" style={{ insetInlineStart: percent(ms) }} />
    </fieldset>
  );
}

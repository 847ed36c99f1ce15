import type { LectureTimeline } from "@lectern/client";
import { useState } from "react";
import { toClock } from "../../src/text/clock";
import { toReachableUrl } from "../server/base-url";
import { strings } from "../text/strings";
import { PageImage } from "./page-image";

type Span = LectureTimeline["spans"][number];
type TimelineProps = {
  spans: Span[];
  /** The open moment. */
  ms: number;
  /** Moments that the search found. */
  hits: number[];
  /** Moments that the conversation cites. */
  cited: number[];
  onMove: (ms: number) => void;
};

/** The slides of a lecture as a strip: one cell for each span, as wide as its time. */
export function Timeline({ spans, ms, hits, cited, onMove }: TimelineProps) {
  const [pointed, setPointed] = useState<Span>();
  const end = spans.at(-1)?.end_ms ?? 1;
  const percent = (at: number) => `${Math.min(100, (100 * at) / end)}%`;
  return (
    <fieldset
      className="timeline"
      aria-label={strings.timeline}
      dir="ltr"
      onPointerLeave={() => setPointed(undefined)}
      onBlur={() => setPointed(undefined)}
    >
      {spans.map((span) => {
        const { start_ms, end_ms, page_number, confident } = span;
        return (
          <button
            key={`${start_ms} ${page_number}`}
            type="button"
            className={confident ? undefined : "unsure"}
            aria-label={nameOf(span)}
            aria-current={start_ms <= ms && ms < end_ms}
            style={{ insetInlineStart: percent(start_ms), width: percent(end_ms - start_ms) }}
            onClick={() => onMove(start_ms)}
            onPointerEnter={() => setPointed(span)}
            onFocus={() => setPointed(span)}
          />
        );
      })}
      {hits.map((at) => (
        <span key={at} className="hit" style={{ insetInlineStart: percent(at) }} />
      ))}
      {cited.map((at) => (
        <span key={`cited ${at}`} className="cited" style={{ insetInlineStart: percent(at) }} />
      ))}
      <span className="now" style={{ insetInlineStart: percent(ms) }} />
      {pointed && (
        <span
          className="preview card"
          style={pointed.start_ms < end / 2 ? { left: 0 } : { right: 0 }}
          aria-hidden="true"
        >
          <PageImage url={toReachableUrl(pointed.image_url)} alt="" />
          {nameOf(pointed)}
        </span>
      )}
    </fieldset>
  );
}

function nameOf({ start_ms, page_label, page_number, page_title, confident }: Span): string {
  const name = strings.page(page_label ?? String(page_number));
  const doubt = confident ? undefined : strings.unsure;
  return [toClock(start_ms), name, page_title, doubt].filter(Boolean).join(" · ");
}

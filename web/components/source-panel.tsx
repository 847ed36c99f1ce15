import { useEffect, useRef, useState } from "react";
import type { Reference } from "../conversation/exchange";
import type { SourcePlace } from "../route/route";
import { strings } from "../text/strings";
import { DocumentSource } from "./document-source";
import { LectureSource } from "./lecture-source";

export type SourcePanelProps = {
  place: SourcePlace;
  /** A citation of this place; its words are marked. */
  reference: Reference | undefined;
  /** Moments of an open lecture that the conversation cites, in milliseconds. */
  cited: number[];
  onMove: (place: SourcePlace) => void;
  onAsk: () => void;
  onClose: () => void;
};

/** The open source beside the conversation. It takes the focus, and returns it when it closes. */
export default function SourcePanel(props: SourcePanelProps) {
  const { place, onAsk, onClose } = props;
  const [isWide, setWide] = useState(false);
  const element = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      // Only a focus that is lost: the reader can have moved it elsewhere.
      const isLost = document.activeElement === document.body;
      if (isLost && before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  useEffect(() => {
    // A source that the model opens must not take the focus from a reader who types.
    const isTyping = document.activeElement?.closest("input, textarea") != null;
    if (!isTyping) element.current?.focus({ preventScroll: true });
  }, [place.id]);
  return (
    <aside
      className={isWide ? "panel wide" : "panel"}
      aria-label={strings.source}
      ref={element}
      tabIndex={-1}
    >
      <div className="panel-bar">
        <button type="button" onClick={onAsk}>
          {strings.askAboutThis}
        </button>
        <span className="spread" />
        <button
          type="button"
          className="quiet icon"
          aria-pressed={isWide}
          aria-label={strings.wide}
          title={strings.wide}
          onClick={() => setWide(!isWide)}
        >
          ⤢
        </button>
        <button type="button" className="quiet icon" aria-label={strings.close} onClick={onClose}>
          ✕
        </button>
      </div>
      {place.kind === "document" ? (
        <DocumentSource key={place.id} {...props} place={place} />
      ) : (
        <LectureSource key={place.id} {...props} place={place} />
      )}
    </aside>
  );
}

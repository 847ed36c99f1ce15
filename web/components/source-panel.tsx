import { useEffect, useRef } from "react";
import type { Reference } from "../conversation/exchange";
import type { SourcePlace } from "../route/route";
import { strings } from "../text/strings";
import { DocumentSource } from "./document-source";
import { LectureSource } from "./lecture-source";

export type SourcePanelProps = {
  place: SourcePlace;
  /** The citation that opened the panel; its words are marked. */
  reference: Reference | undefined;
  onMove: (place: SourcePlace) => void;
  onClose: () => void;
};

/** The open source beside the conversation. It takes the focus; the focus returns when it closes. */
export default function SourcePanel(props: SourcePanelProps) {
  const { place, onClose } = props;
  const element = useRef<HTMLElement>(null);
  useEffect(() => {
    element.current?.focus({ preventScroll: true });
  }, [place.id]);
  return (
    <aside className="panel" aria-label={strings.source} ref={element} tabIndex={-1}>
      <button type="button" className="close icon" aria-label={strings.close} onClick={onClose}>
        ✕
      </button>
      {place.kind === "document" ? (
        <DocumentSource key={place.id} {...props} place={place} />
      ) : (
        <LectureSource key={place.id} {...props} place={place} />
      )}
    </aside>
  );
}

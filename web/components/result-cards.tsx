import type { Reference } from "../conversation/exchange";
import { strings } from "../text/strings";
import { SourceLink } from "./citation";
import { PageImage } from "./page-image";
import { imageUrlOf } from "./place";
import { SourceName, SourceNotes } from "./source-list";

type ResultCardsProps = { references: Reference[]; onOpen: (reference: Reference) => boolean };

/** Passages as results of a search: what a server without a model answers. */
export function ResultCards({ references, onOpen }: ResultCardsProps) {
  return (
    <div className="answer">
      <ol className="sources cards" aria-label={strings.sources}>
        {references.map((reference) => (
          <li key={reference.number} value={reference.number} className="card result">
            <PageImage url={imageUrlOf(reference)} alt="" />
            <div>
              <SourceLink reference={reference} onOpen={onOpen} className="citation-title">
                <SourceName reference={reference} />
              </SourceLink>
              <SourceNotes reference={reference} />
              <blockquote dir="auto">{reference.quote}</blockquote>
            </div>
          </li>
        ))}
      </ol>
      <p className="note">{strings.keyless}</p>
    </div>
  );
}

import type { Reference } from "../conversation/exchange";
import { strings } from "../text/strings";
import { SourceLink } from "./citation";
import { placeName } from "./place";

type SourceListProps = { references: Reference[]; onOpen: (reference: Reference) => boolean };

/** The sources of an answer. */
export function SourceList({ references, onOpen }: SourceListProps) {
  if (references.length === 0) return null;
  return (
    <ol className="sources" aria-label={strings.sources}>
      {references.map((reference) => (
        <li key={reference.number} value={reference.number}>
          <SourceLink reference={reference} onOpen={onOpen}>
            <SourceName reference={reference} />
          </SourceLink>
          <SourceNotes reference={reference} />
        </li>
      ))}
    </ol>
  );
}

/** Title and place. The title keeps its direction, so that the words and numbers after it stay in their order. */
export const SourceName = ({ reference }: { reference: Reference }) => (
  <>
    <bdi>{reference.title ?? strings.untitled}</bdi>, {placeName(reference)}
  </>
);

export function SourceNotes({ reference }: { reference: Reference }) {
  return (
    <>
      {reference.unsupported && <small> ({strings.onlyMarked})</small>}
      {reference.replaced && <small className="replaced"> ({strings.replaced})</small>}
      {reference.withheld && <small> ({strings.withheld})</small>}
    </>
  );
}

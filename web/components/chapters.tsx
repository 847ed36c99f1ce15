import { toClock } from "../../src/text/clock";
import { lectern } from "../server/client";
import { useData } from "../server/use-data";
import { strings } from "../text/strings";

type ChaptersProps = {
  id: string;
  /** The open moment. */
  ms: number;
  onMove: (ms: number) => void;
};

/** The table of contents of a lecture. Shows nothing if the lecture has none. */
export function Chapters({ id, ms, onMove }: ChaptersProps) {
  const { data } = useData(`${id} chapters`, (signal) =>
    lectern.GET("/api/lectures/{id}/chapters", { params: { path: { id } }, signal }),
  );
  const items = (typeof data === "object" && data.items) || [];
  if (items.length === 0) return null;
  return (
    <details className="chapters">
      <summary>{strings.chapters(items.length)}</summary>
      <ol className="places">
        {items.map(({ title, start_ms, end_ms }) => (
          <li key={start_ms} aria-current={start_ms <= ms && ms < end_ms}>
            <button type="button" className="link" dir="auto" onClick={() => onMove(start_ms)}>
              <span className="time">{toClock(start_ms)}</span> {title}
            </button>
          </li>
        ))}
      </ol>
    </details>
  );
}

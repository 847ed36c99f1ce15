import { useState } from "react";
import { toClock } from "../../src/text/clock";
import { lectern } from "../server/client";
import { useData } from "../server/use-data";
import { strings } from "../text/strings";

type SpeechQualityProps = { id: string; onMove: (ms: number) => void };

/** The parts of a lecture that a teacher should check. They are read when the list is opened. */
export function SpeechQuality({ id, onMove }: SpeechQualityProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="quality" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{strings.quality}</summary>
      {isOpen && <QualityList id={id} onMove={onMove} />}
    </details>
  );
}

function QualityList({ id, onMove }: SpeechQualityProps) {
  const { data, error } = useData(`${id} quality`, (signal) =>
    lectern.GET("/api/lectures/{id}/quality", { params: { path: { id } }, signal }),
  );
  if (error !== undefined) return <p className="note">{strings.qualityMissing}</p>;
  if (!data) return <p className="note">{strings.loading}</p>;
  const places = [
    ...data.low_confidence.map(({ start_ms, end_ms }) => ({
      start_ms,
      text: `${strings.unsureUntil(toClock(end_ms))}`,
    })),
    ...data.gaps.map(({ start_ms, end_ms }) => ({
      start_ms,
      text: strings.silentUntil(toClock(end_ms)),
    })),
    ...data.unknown_terms.map(({ term, count, start_ms, suggestion }) => ({
      start_ms,
      text: suggestion
        ? strings.probablyMeans(term, suggestion.replacement)
        : strings.unknownTerm(term, count),
    })),
  ].sort((a, b) => a.start_ms - b.start_ms);
  if (places.length === 0) return <p className="note">{strings.nothingToCheck}</p>;
  return (
    <ol className="places">
      {places.map(({ start_ms, text }) => (
        <li key={`${start_ms} ${text}`}>
          <button type="button" className="link" dir="auto" onClick={() => onMove(start_ms)}>
            <span className="time">{toClock(start_ms)}</span> {text}
          </button>
        </li>
      ))}
    </ol>
  );
}

import { useState } from "react";
import { toClock } from "../../src/text/clock";
import type { SourcePlace } from "../route/route";
import { lectern } from "../server/client";
import { useData } from "../server/use-data";
import { strings } from "../text/strings";
import { useTranscript } from "./use-transcript";

type SaidMomentsProps = { id: string; page: number; onMove: (place: SourcePlace) => void };

/** What lecturers said while a page was shown. The longest sure moment is open. */
export function SaidMoments({ id, page, onMove }: SaidMomentsProps) {
  const { data } = useData(`${id} ${page} moments`, (signal) =>
    lectern.GET("/api/documents/{id}/pages/{page_number}/moments", {
      params: { path: { id, page_number: page } },
      signal,
    }),
  );
  const moments = data?.moments ?? [];
  if (moments.length === 0) return null;
  const lengthOf = ({ start_ms, end_ms, confident }: (typeof moments)[number]) =>
    confident ? end_ms - start_ms : 0;
  const longest = moments.reduce((best, one) => (lengthOf(one) > lengthOf(best) ? one : best));
  return (
    <section aria-label={strings.saidHere}>
      <h3>{strings.saidHere}</h3>
      {moments.map((moment) => (
        <Moment
          key={`${moment.lecture_id} ${moment.start_ms}`}
          {...moment}
          isFirst={moment === longest}
          onMove={onMove}
        />
      ))}
    </section>
  );
}

type MomentProps = {
  lecture_id: string;
  title: string | null;
  start_ms: number;
  end_ms: number;
  confident: boolean;
  isFirst: boolean;
  onMove: (place: SourcePlace) => void;
};

function Moment(props: MomentProps) {
  const { lecture_id, title, start_ms, end_ms, confident, isFirst, onMove } = props;
  const [isOpen, setOpen] = useState(isFirst);
  return (
    <details open={isFirst} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <bdi>{title ?? strings.untitled}</bdi>, {toClock(start_ms)}–{toClock(end_ms)}
        {!confident && ` (${strings.unsure})`}
      </summary>
      {isOpen && <Speech id={lecture_id} start_ms={start_ms} end_ms={end_ms} />}
      <button
        type="button"
        className="link"
        onClick={() => onMove({ kind: "lecture", id: lecture_id, ms: start_ms })}
      >
        {strings.openLecture}
      </button>
    </details>
  );
}

function Speech({ id, start_ms, end_ms }: { id: string; start_ms: number; end_ms: number }) {
  const segments = useTranscript(id);
  if (!segments) return <p className="note">{strings.loading}</p>;
  const said = segments.filter((one) => one.start_ms < end_ms && one.end_ms > start_ms);
  return (
    <p className="speech" dir="auto">
      {said.map(({ text }) => text).join(" ")}
    </p>
  );
}

import { useState } from "react";
import { toClock } from "../../src/text/clock";
import type { Reference } from "../conversation/exchange";
import type { SourcePlace } from "../route/route";
import { toReachableUrl } from "../server/base-url";
import { lectern } from "../server/client";
import { useData } from "../server/use-data";
import { strings } from "../text/strings";
import { PageImage } from "./page-image";
import { Timeline } from "./timeline";
import { TranscriptView } from "./transcript-view";

type LecturePlace = Extract<SourcePlace, { kind: "lecture" }>;
type LectureSourceProps = {
  place: LecturePlace;
  reference: Reference | undefined;
  onMove: (place: SourcePlace) => void;
};

/** A moment of a lecture: the slide shown then, the timeline, and what was said. */
export function LectureSource({ place, reference, onMove }: LectureSourceProps) {
  const { id, ms } = place;
  const params = { path: { id } };
  const [hits, setHits] = useState<number[]>([]);
  const { data: lecture, error } = useData(id, (signal) =>
    lectern.GET("/api/lectures/{id}", { params, signal }),
  );
  const { data: transcript } = useData(`${id} transcript`, (signal) =>
    lectern.GET("/api/lectures/{id}/transcript", {
      params: { ...params, query: { segments: true } },
      signal,
    }),
  );
  const { data: timeline } = useData(`${id} timeline`, (signal) =>
    lectern.GET("/api/lectures/{id}/timeline", { params, signal }),
  );
  if (error) return <p className="problem">{strings.sourceMissing}</p>;
  const title = lecture?.title ?? strings.untitled;
  // The route has a text form too, which this request does not ask for.
  const segments = (typeof transcript === "object" && transcript.segments) || [];
  const spans = timeline?.spans ?? [];
  const shown = spans.find(({ start_ms, end_ms }) => start_ms <= ms && ms < end_ms);
  const move = (to: number) => onMove({ kind: "lecture", id, ms: to });
  return (
    <>
      <h2 dir="auto">{title}</h2>
      <p className="note">
        {toClock(ms)} <Player url={lecture?.panopto_url ?? null} title={title} ms={ms} />
        {lecture?.links.viewer && (
          <a href={atSecond(lecture.links.viewer, ms)} target="_blank" rel="noreferrer">
            {strings.openRecording}
          </a>
        )}
      </p>
      {shown && (
        <figure className="slide">
          <button
            type="button"
            className="plain"
            onClick={() =>
              onMove({ kind: "document", id: shown.document_id, page: shown.page_number })
            }
          >
            <PageImage
              url={toReachableUrl(shown.image_url)}
              alt={`${shown.title ?? strings.untitled}, ${strings.page(String(shown.page_number))}`}
            />
          </button>
        </figure>
      )}
      {spans.length > 0 && <Timeline spans={spans} ms={ms} hits={hits} onMove={move} />}
      <TranscriptView
        segments={segments}
        isLoading={transcript === undefined}
        ms={ms}
        end_ms={reference?.start_ms === ms ? reference.end_ms : undefined}
        onHits={setHits}
        onMove={move}
      />
    </>
  );
}

function atSecond(url: string, ms: number): string {
  const address = new URL(url, location.href);
  if (/\/Panopto\//i.test(address.pathname)) {
    address.searchParams.set("start", String(Math.floor(ms / 1_000)));
  }
  return address.href;
}

type PlayerProps = { url: string | null; title: string; ms: number };

/** Plays a Panopto recording. Nothing is requested from Panopto before the click. */
function Player({ url, title, ms }: PlayerProps) {
  const [start, setStart] = useState<number>();
  const address = url === null ? undefined : embedUrl(url, start ?? ms);
  if (!address) return null;
  return start === undefined ? (
    <button type="button" onClick={() => setStart(ms)}>
      ▶ {strings.playHere}
    </button>
  ) : (
    <iframe
      title={title}
      src={address}
      allow="autoplay; fullscreen"
      referrerPolicy="no-referrer"
      sandbox="allow-scripts allow-same-origin allow-popups allow-presentation"
    />
  );
}

function embedUrl(viewer: string, ms: number): string | undefined {
  const url = URL.parse(viewer);
  const id = url?.searchParams.get("id");
  if (url?.protocol !== "https:" || !id) return undefined;
  const query = new URLSearchParams({
    id,
    start: String(Math.floor(ms / 1_000)),
    autoplay: "true",
  });
  return `${url.origin}/Panopto/Pages/Embed.aspx?${query}`;
}

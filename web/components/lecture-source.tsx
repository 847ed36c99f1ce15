import { useCallback, useEffect, useRef, useState } from "react";
import { toClock } from "../../src/text/clock";
import type { Reference } from "../conversation/exchange";
import type { SourcePlace } from "../route/route";
import { toReachableUrl } from "../server/base-url";
import { lectern } from "../server/client";
import { isShared } from "../server/credential";
import { useData } from "../server/use-data";
import { strings } from "../text/strings";
import { Chapters } from "./chapters";
import { PageImage } from "./page-image";
import { PanoptoPlayer, type PlayerControls, toEmbedUrl } from "./panopto-player";
import { SpeechQuality } from "./speech-quality";
import { Timeline } from "./timeline";
import { TranscriptView } from "./transcript-view";
import { useTranscript } from "./use-transcript";

type LecturePlace = Extract<SourcePlace, { kind: "lecture" }>;
type LectureSourceProps = {
  place: LecturePlace;
  reference: Reference | undefined;
  /** Moments of this lecture that the conversation cites, in milliseconds. */
  cited: number[];
  onMove: (place: SourcePlace) => void;
};

/** While a recording plays, the address follows in steps of this many milliseconds. */
const ADDRESS_STEP_MS = 5_000;

/** A moment of a lecture: the recording, the slide shown then, the timeline, and what was said. */
export function LectureSource({ place, reference, cited, onMove }: LectureSourceProps) {
  const { id, ms } = place;
  const params = { path: { id } };
  const [hits, setHits] = useState<number[]>([]);
  const { data: lecture, error } = useData(id, (signal) =>
    lectern.GET("/api/lectures/{id}", { params, signal }),
  );
  const { data: timeline } = useData(`${id} timeline`, (signal) =>
    lectern.GET("/api/lectures/{id}/timeline", { params, signal }),
  );
  const segments = useTranscript(id);
  const playback = usePlayback(ms, (to) => onMove({ kind: "lecture", id, ms: to }));
  if (error) return <p className="problem">{strings.sourceMissing}</p>;
  const now = playback.ms;
  const title = lecture?.title ?? strings.untitled;
  const spans = timeline?.spans ?? [];
  const shown = spans.find(({ start_ms, end_ms }) => start_ms <= now && now < end_ms);
  const embedUrl = toEmbedUrl(lecture?.panopto_url);
  const viewer = lecture?.links.viewer;
  return (
    <>
      <h2 dir="auto">{title}</h2>
      <p className="note row">
        <span className="clock">{toClock(now)}</span>
        {embedUrl && !playback.isOpen && (
          <button type="button" onClick={playback.open}>
            ▶ {strings.playHere}
          </button>
        )}
        {viewer && (
          <a href={atSecond(viewer, now)} target="_blank" rel="noreferrer">
            {strings.openRecording}
          </a>
        )}
      </p>
      {embedUrl && playback.isOpen && (
        <PanoptoPlayer
          ref={playback.player}
          url={embedUrl}
          title={title}
          start_ms={ms}
          onTime={playback.onTime}
        />
      )}
      {spans.length > 0 && (
        <Timeline spans={spans} ms={now} hits={hits} cited={cited} onMove={playback.move} />
      )}
      <div className="beside">
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
            {!shown.confident && <figcaption className="note">{strings.unsureSlide}</figcaption>}
          </figure>
        )}
        <div>
          <Chapters id={id} ms={now} onMove={playback.move} />
          {!isShared() && <SpeechQuality id={id} onMove={playback.move} />}
          <TranscriptView
            segments={segments}
            ms={now}
            end_ms={reference?.start_ms === now ? reference.end_ms : undefined}
            onHits={setHits}
            onMove={playback.move}
          />
        </div>
      </div>
    </>
  );
}

/**
 * The moment of the address, and of the player while it is open. A jump of the reader moves both; the
 * player moves the address in steps.
 */
function usePlayback(ms: number, onMove: (ms: number) => void) {
  const [isOpen, setOpen] = useState(false);
  const [played, setPlayed] = useState<number>();
  const player = useRef<PlayerControls>(null);
  /** The moment of the address that the player set itself. */
  const reported = useRef(ms);
  const move = useRef(onMove);
  move.current = onMove;
  useEffect(() => {
    if (ms === reported.current) return;
    reported.current = ms;
    setPlayed(undefined);
    player.current?.seek(ms);
  }, [ms]);
  const onTime = useCallback((now: number) => {
    setPlayed(now);
    if (Math.abs(now - reported.current) < ADDRESS_STEP_MS) return;
    reported.current = now;
    move.current(now);
  }, []);
  return {
    ms: played ?? ms,
    isOpen,
    open: () => setOpen(true),
    player,
    onTime,
    move: (to: number) => {
      // A jump to the moment of the address changes no address.
      if (to === ms) {
        setPlayed(undefined);
        player.current?.seek(to);
      } else onMove(to);
    },
  };
}

function atSecond(url: string, ms: number): string {
  const address = new URL(url, location.href);
  if (/\/Panopto\//i.test(address.pathname)) {
    address.searchParams.set("start", String(Math.floor(ms / 1_000)));
  }
  return address.href;
}

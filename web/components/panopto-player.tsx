import { useEffect, useImperativeHandle, useRef, useState } from "react";

export type PlayerControls = {
  /** Plays from a moment, in milliseconds. */
  seek: (ms: number) => void;
};

type PanoptoPlayerProps = {
  /** Address of the viewer, from `toEmbedUrl`. */
  url: string;
  title: string;
  /** Where it begins, in milliseconds. */
  start_ms: number;
  /** Called while the recording plays, in milliseconds. */
  onTime: (ms: number) => void;
  ref: React.Ref<PlayerControls>;
};

/**
 * The player of Panopto in a frame of its own. It sends its time as messages, and takes `seekTo` as a
 * message. A player that sends no messages is loaded again when the reader jumps.
 */
export function PanoptoPlayer({ url, title, start_ms, onTime, ref }: PanoptoPlayerProps) {
  const frame = useRef<HTMLIFrameElement>(null);
  const isConnected = useRef(false);
  const [start, setStart] = useState(start_ms);
  const { origin } = new URL(url);
  useEffect(() => {
    const onMessage = ({ source, origin: sender, data }: MessageEvent) => {
      // Other frames and extensions also send messages.
      if (source !== frame.current?.contentWindow || sender !== origin) return;
      const message = readMessage(data);
      if (!message) return;
      isConnected.current = true;
      if (message.seconds !== undefined) onTime(Math.round(1_000 * message.seconds));
    };
    addEventListener("message", onMessage);
    return () => removeEventListener("message", onMessage);
  }, [origin, onTime]);
  useImperativeHandle(ref, () => ({
    seek: (ms) => {
      const seconds = Math.floor(ms / 1_000);
      if (!isConnected.current) setStart(ms);
      else frame.current?.contentWindow?.postMessage(command("seekTo", seconds), origin);
    },
  }));
  return (
    <iframe
      ref={frame}
      className="player"
      title={title}
      src={`${url}&start=${Math.floor(start / 1_000)}&autoplay=true`}
      allow="autoplay; fullscreen"
      referrerPolicy="strict-origin-when-cross-origin"
      sandbox="allow-scripts allow-same-origin allow-popups allow-presentation allow-forms"
    />
  );
}

/** The address that shows a recording in a frame; undefined if it is not one of Panopto. */
export function toEmbedUrl(viewer: string | null | undefined): string | undefined {
  const url = viewer ? URL.parse(viewer) : null;
  const id = url?.searchParams.get("id");
  if (url?.protocol !== "https:" || !id) return undefined;
  const query = new URLSearchParams({ id, interactivity: "none", showtitle: "false" });
  return `${url.origin}/Panopto/Pages/Embed.aspx?${query}`;
}

const command = (method: string, value: number) => JSON.stringify({ method, value });

/** A message of the player, with its time if it has one; undefined for anything else. */
export function readMessage(data: unknown): { seconds?: number } | undefined {
  const message = typeof data === "string" ? parse(data) : data;
  if (typeof message !== "object" || message === null || !("event" in message)) return undefined;
  const { currentTime } = message as { currentTime?: unknown };
  const isTime = typeof currentTime === "number" && currentTime >= 0 && currentTime < Infinity;
  return isTime ? { seconds: currentTime } : {};
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

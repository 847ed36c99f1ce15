/**
 * A small site that answers like Panopto, for the demo and the tests: `bun examples/panopto-site.ts
 * FOLDER [PORT]` serves every folder below FOLDER that holds a `session.json`.
 *
 * A session folder holds the files its `session.json` names: media (any file or HLS playlist),
 * captions as SRT. Nothing here needs a login.
 */
import { join, normalize } from "node:path";
import { Glob } from "bun";
import { z } from "zod";

const Stream = z.object({
  /** `AUDIO`, `DV` for the camera, `SCREEN`, `OBJECT`. */
  tag: z.string(),
  /** A file of the folder, or a whole address; null is a stream that cannot be played. */
  file: z.string().nullable(),
  starts_at_seconds: z.number().optional(),
  ends_at_seconds: z.number().optional(),
  /** The same stream as a plain file. */
  http_file: z.string().nullable().optional(),
  /** The parts of a trimmed stream that the viewer shows, `at` their times there. In seconds. */
  segments: z.array(z.object({ start: z.number(), end: z.number(), at: z.number() })).optional(),
});

const Session = z.object({
  session_id: z.uuid(),
  title: z.string(),
  duration_seconds: z.number(),
  streams: z.array(Stream).default([]),
  /** The combined MP4. */
  podcast_video: z.string().optional(),
  podcast_audio: z.string().optional(),
  /** SRT files by Panopto's language number: 0 is American English. */
  captions: z.record(z.string(), z.string()).default({}),
  slides: z.array(z.object({ seconds: z.number(), caption: z.string() })).default([]),
  live: z.boolean().default(false),
  /** The folder that lists the session. */
  folder_id: z.uuid().optional(),
  /** ISO 8601. */
  recorded_at: z.string().optional(),
  /** Panopto has the recording, but cannot play it yet. */
  processing: z.boolean().optional(),
});

export type SiteSession = z.infer<typeof Session> & { folder: string };

/** The site as a function from request to response, so that a test can add faults. */
export function panoptoSite(sessions: SiteSession[]): (request: Request) => Promise<Response> {
  const find = (id: string | null | undefined) =>
    sessions.find(({ session_id }) => session_id === id?.toLowerCase());

  return async (request) => {
    const url = new URL(request.url);
    const path = decodeURIComponent(url.pathname);
    const id = url.searchParams.get("id");

    if (path === "/Panopto/Pages/Viewer/DeliveryInfo.aspx") {
      const fields = request.method === "POST" ? await formOf(request) : url.searchParams;
      if (fields.get("responseType") !== "json") return page("Panopto", "");
      const session = find(fields.get("deliveryId"));
      if (session?.processing) return Response.json(PROCESSING);
      return Response.json(session ? deliveryInfo(session, url.origin) : NOT_FOUND);
    }
    if (path === "/Panopto/Services/Data.svc/GetSessions" && request.method === "POST") {
      return Response.json(folderPage(sessions, (await request.json()) as FolderQuery, url.origin));
    }
    if (path === "/Panopto/Podcast/Podcast.ashx") {
      const folder = url.searchParams.get("courseid");
      return podcastFeed(
        sessions.filter(({ folder_id }) => folder_id === folder),
        url.origin,
      );
    }
    if (path === "/Panopto/Pages/Viewer.aspx") return viewer(find(id));
    if (path === "/Panopto/Pages/Transcription/GenerateSRT.ashx") {
      return captions(find(id), url.searchParams.get("language") ?? "0");
    }
    const podcast = /^\/Panopto\/Podcast\/Download\/([^/.]+)\.mp4$/.exec(path);
    if (podcast) {
      const session = find(podcast[1]);
      const isAudio = url.searchParams.get("mediaTargetType") === "audioPodcast";
      return media(session, isAudio ? session?.podcast_audio : session?.podcast_video, 403);
    }
    const [, mediaId, file] = /^\/sessions\/([^/]+)\/(.+)$/.exec(path) ?? [];
    return media(find(mediaId), file, 404);
  };
}

/** Reads the sessions below a folder. */
export async function loadSessions(folder: string): Promise<SiteSession[]> {
  const sessions: SiteSession[] = [];
  for await (const path of new Glob("**/session.json").scan({ cwd: folder, absolute: true })) {
    sessions.push({ ...Session.parse(await Bun.file(path).json()), folder: join(path, "..") });
  }
  return sessions;
}

const PROCESSING = { ErrorCode: 5, ErrorMessage: "This session is still being processed." };
const NOT_FOUND = { ErrorCode: 1, ErrorMessage: "The session could not be found." };

function deliveryInfo(session: SiteSession, origin: string) {
  const { session_id, slides, streams, podcast_video } = session;
  const address = (file: string | null) =>
    file && new URL(file, `${origin}/sessions/${session_id}/`).href;

  return {
    SessionId: session_id,
    Delivery: {
      SessionName: session.title,
      Duration: session.duration_seconds,
      IsActiveBroadcast: session.live,
      HasCaptions: Object.keys(session.captions).length > 0,
      AvailableLanguages: Object.keys(session.captions).map(Number),
      Streams: streams.map((stream) => ({
        StreamUrl: address(stream.file),
        StreamHttpUrl: stream.http_file ? address(stream.http_file) : null,
        ViewerMediaFileTypeName: stream.file?.endsWith(".mp4") ? "mp4" : "hls",
        StreamTypeName: "Streaming",
        Tag: stream.tag,
        RelativeStart: stream.starts_at_seconds ?? 0,
        RelativeEnd: stream.ends_at_seconds ?? session.duration_seconds,
        RelativeSegments: (stream.segments ?? []).map(({ start, end, at }) => ({
          Start: start,
          End: end,
          RelativeStart: at,
        })),
      })),
      PodcastStreams: podcast_video ? [{ StreamUrl: address(podcast_video), Tag: "PODCAST" }] : [],
      Timestamps: slides.map(({ seconds, caption }, index) => ({
        Time: seconds,
        Caption: caption,
        EventTargetType: "PowerPoint",
        ObjectSequenceNumber: index + 1,
        SessionID: session_id,
      })),
    },
  };
}

type FolderQuery = { queryParameters: { folderID: string; page: number; maxResults: number } };

/** One page of the list of a folder, as the site's own pages request it. */
function folderPage(sessions: SiteSession[], { queryParameters }: FolderQuery, origin: string) {
  const { folderID, page, maxResults } = queryParameters;
  const listed = sessions.filter(({ folder_id }) => folder_id === folderID);
  const shown = listed.slice(page * maxResults, (page + 1) * maxResults);
  const Results = shown.map(({ session_id, title, duration_seconds, recorded_at }) => ({
    DeliveryID: session_id,
    SessionName: title,
    Duration: duration_seconds,
    StartTime: recorded_at ? `/Date(${Date.parse(recorded_at)})/` : null,
    ViewerUrl: `${origin}/Panopto/Pages/Viewer.aspx?id=${session_id}`,
  }));
  return { d: { Results, TotalNumber: listed.length, Subfolders: [] } };
}

function podcastFeed(sessions: SiteSession[], origin: string): Response {
  const items = sessions.map(({ session_id, title, duration_seconds, recorded_at }) => {
    const media = `${origin}/Panopto/Podcast/Syndication/${session_id}.mp4?mediaTargetType=videoPodcast&amp;x=1`;
    return `<item><title>${Bun.escapeHTML(title)}</title><guid isPermaLink="false">${media}</guid>
      <enclosure url="${media}" length="0" type="video/mp4"/>
      <itunes:duration>${duration_seconds}</itunes:duration>
      <pubDate>${recorded_at ? new Date(recorded_at).toUTCString() : ""}</pubDate></item>`;
  });
  const feed = `<?xml version="1.0" encoding="utf-8"?>
    <rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel>
    <title>Lectures</title>${items.join("")}</channel></rss>`;
  return new Response(feed, { headers: { "content-type": "text/xml; charset=utf-8" } });
}

async function captions(session: SiteSession | undefined, language: string): Promise<Response> {
  const file = session?.captions[language];
  if (!session || !file) return new Response("");
  return new Response(await Bun.file(join(session.folder, file)).text());
}

/** A file of the session, by ranges if asked so; the tag lets an interrupted download go on. */
async function media(
  session: SiteSession | undefined,
  name: string | undefined,
  statusWhenMissing: number,
): Promise<Response> {
  const isInside = name && !normalize(name).startsWith("..");
  const file = session && isInside ? Bun.file(join(session.folder, name)) : null;
  if (!file || !(await file.exists())) return new Response(null, { status: statusWhenMissing });
  return new Response(file, { headers: { etag: `"${file.size}-${file.lastModified}"` } });
}

function viewer(session: SiteSession | undefined): Response {
  const source = session && (session.podcast_audio ?? session.streams[0]?.file);
  if (!session || !source) return page("Session not found", "", 404);
  const slides = session.slides.map(
    ({ seconds, caption }) =>
      `<li><a href="?id=${session.session_id}&start=${seconds}">${seconds} s</a> ${Bun.escapeHTML(caption)}</li>`,
  );
  return page(
    session.title,
    `<audio controls src="/sessions/${session.session_id}/${encodeURI(source)}"></audio>
     <ol>${slides.join("")}</ol>
     <script>
       const player = document.querySelector("audio");
       player.currentTime = Number(new URLSearchParams(location.search).get("start") ?? 0);
     </script>`,
  );
}

function page(title: string, body: string, status = 200): Response {
  const heading = Bun.escapeHTML(title);
  const html = `<!doctype html><meta charset="utf-8"><title>${heading}</title><h1>${heading}</h1>${body}`;
  return new Response(html, { status, headers: { "content-type": "text/html; charset=utf-8" } });
}

const formOf = async (request: Request) => new URLSearchParams(await request.text());

if (import.meta.main) {
  const [folder = ".", port = "0"] = Bun.argv.slice(2);
  const sessions = await loadSessions(folder);
  const server = Bun.serve({
    port: Number(port),
    hostname: "127.0.0.1",
    fetch: panoptoSite(sessions),
  });
  for (const { title, session_id } of sessions) {
    console.log(`${title}: ${server.url.origin}/Panopto/Pages/Viewer.aspx?id=${session_id}`);
  }
}

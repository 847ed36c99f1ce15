import type { ListedRecording } from "../../db/course-sources";
import { AppError } from "../../errors";
import type { Fetched, GuardedFetch } from "../../media/fetch/guarded-fetch";
import { toServerFailure } from "../../media/fetch/response-status";
import { type Patience, retryingFetch } from "../../media/fetch/retries";
import type { CollectionAddress, RecordingAddress } from "../audio-source";
import { readFeed, readFolderPage } from "./collection";
import { type Delivery, readDeliveryInfo } from "./delivery-info";
import type { PanoptoLogin } from "./login";

/** The pages of a Panopto site that we read. */
export type PanoptoSite = {
  /** @throws AppError see `readDeliveryInfo`, and `provider_rate_limited`, `provider_unavailable` */
  fetchDelivery(address: RecordingAddress, signal: AbortSignal): Promise<Delivery>;
  /** The captions in one language as SRT; null if the recording has no captions. */
  fetchSrt(
    address: RecordingAddress,
    language: number,
    signal: AbortSignal,
  ): Promise<string | null>;
  /** All recordings of a folder or a feed. @throws AppError `panopto_collection_unreadable` and those above */
  fetchCollection(address: CollectionAddress, signal: AbortSignal): Promise<ListedRecording[]>;
};

/** Entries on one page of a folder. */
const PAGE_ENTRIES = 250;
/** Pages of entries without a recording end as well. */
const MAX_PAGES = 500;
/** Recordings of one collection. */
const MAX_RECORDINGS = 2_000;

/** DeliveryInfo of a long lecture with many slides is about 1 MB, its captions less. */
const MAX_BYTES = 32 * 1024 ** 2;
const ATTEMPTS = 4;

/** Reads pages of Panopto sites, signed in when a login is configured. */
export function openPanoptoSite(options: {
  fetch: GuardedFetch;
  login: PanoptoLogin;
  patience: Patience;
}): PanoptoSite {
  const { fetch, login, patience } = options;

  /** Reads one page; `toResult` interprets its text, which can also be a login page. */
  const read = <T>(
    { origin }: { origin: string },
    { path, body }: { path: string; body?: { type: string; text: string } },
    toResult: (text: string) => T,
    signal: AbortSignal,
  ): Promise<T> => {
    const request = async (credentials: Record<string, string>) => {
      const fetched = await fetch(`${origin}/Panopto/${path}`, {
        method: body ? "POST" : "GET",
        headers: { ...credentials, ...(body && { "content-type": body.type }) },
        body: body?.text,
        reach: "listed",
        maxHops: 0, // a redirect leads to a login page
        maxBytes: MAX_BYTES,
        ...patience,
        signal,
      });
      assertAnswered(fetched);
      return toResult(await fetched.text());
    };
    const { backoffMs } = patience;
    return retryingFetch(() => login.ask(origin, request, signal), {
      attempts: ATTEMPTS,
      backoffMs,
      signal,
    });
  };

  return {
    fetchDelivery: (address, signal) => {
      const form = new URLSearchParams({
        deliveryId: address.session_id,
        responseType: "json",
        isEmbed: "true",
      });
      const body = { type: FORM, text: form.toString() };
      return read(address, { path: "Pages/Viewer/DeliveryInfo.aspx", body }, toDelivery, signal);
    },
    fetchSrt: (address, language, signal) => {
      const path = `Pages/Transcription/GenerateSRT.ashx?id=${address.session_id}&language=${language}`;
      return read(address, { path }, toSrt, signal);
    },
    fetchCollection: async (address, signal) => {
      const { kind, folder_id: folderID } = address;
      if (kind === "feed") {
        const path = `Podcast/Podcast.ashx?courseid=${folderID}&type=mp4`;
        return read(address, { path }, (text) => readFeed(asData(text, "<html"), address), signal);
      }
      const all = new Map<string, ListedRecording>();
      let seen = 0;
      for (let page = 0; ; page++) {
        const queryParameters = { folderID, page, maxResults: PAGE_ENTRIES, sortColumn: 1 };
        const text = JSON.stringify({
          queryParameters: { ...queryParameters, sortAscending: true },
        });
        const body = { type: "application/json", text };
        const { recordings, entries, total } = await read(
          address,
          { path: "Services/Data.svc/GetSessions", body },
          (answer) => readFolderPage(asData(answer, "<"), address),
          signal,
        );
        seen += entries;
        const isRepeated =
          recordings.length > 0 && recordings.every(({ session_id }) => all.has(session_id));
        for (const recording of recordings) all.set(recording.session_id, recording);
        if (all.size > MAX_RECORDINGS) {
          const message = `The folder has more than ${MAX_RECORDINGS} recordings: add its subfolders one by one`;
          throw new AppError("panopto_collection_unreadable", { message });
        }
        // A site can return fewer entries than requested, leave out their number, or ignore the page.
        const isLast = total === null ? entries === 0 : seen >= total;
        if (isLast || entries === 0 || isRepeated || page === MAX_PAGES) return [...all.values()];
      }
    },
  };
}

const FORM = "application/x-www-form-urlencoded";

function assertAnswered(fetched: Fetched): void {
  const { status } = fetched;
  if (status === 200) return;
  fetched.discard();
  if ((status >= 300 && status < 400) || status === 401 || status === 403) {
    throw new AppError("panopto_login_required", { status });
  }
  if (status === 404) throw new AppError("panopto_session_not_found");
  throw toServerFailure(fetched);
}

const toDelivery = (text: string): Delivery => readDeliveryInfo(asData(text, "<"));

/**
 * With an expired cookie, the answer is the login page with status 200.
 *
 * @param page how a web page begins, unlike the data
 */
function asData(text: string, page: "<" | "<html"): string {
  const start = text.trimStart().replace(/^<!doctype html[^>]*>\s*/i, "");
  if (!start.toLowerCase().startsWith(page)) return text;
  throw new AppError("panopto_login_required", { reason: "a web page instead of data" });
}

/** Without captions, Panopto answers with status 200 and an empty body or a page. */
const toSrt = (text: string): string | null =>
  isPage(text) || !text.includes("-->") ? null : text;

/** By its first character: ASP.NET sends `text/html` as the type of any response by default. */
const isPage = (text: string) => text.trimStart().startsWith("<");

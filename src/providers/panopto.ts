import { rename } from "node:fs/promises";
import { join } from "node:path";
import { AppError, type ErrorCode, isRetryable } from "../errors";
import type { Resolve } from "../media/fetch/addresses";
import { openGuardedFetch } from "../media/fetch/guarded-fetch";
import { openHostRules } from "../media/fetch/host-rules";
import { PATIENCE, type Patience } from "../media/fetch/retries";
import { detectLanguage } from "../text/language";
import type { AudioSource, DownloadedRecording, RecordingAddress } from "./audio-source";
import { parsePanoptoUrl } from "./panopto/address";
import { parseCollectionUrl } from "./panopto/collection";
import { toRecording } from "./panopto/delivery-info";
import { type DownloadedSource, downloadSource } from "./panopto/download-source";
import { captionLanguage, languageNumber } from "./panopto/languages";
import { openPanoptoLogin, type PanoptoClient } from "./panopto/login";
import { openPanoptoSite } from "./panopto/site";
import { listSources, type RecordingStream } from "./panopto/sources";
import { viewerClockOf } from "./panopto/stream-pieces";
import { toViewerCaptions } from "./panopto/viewer-clock";

export type PanoptoOptions = Partial<PanoptoClient> & {
  /** Allowed hosts of session addresses; see `openHostRules`. */
  allowedHosts: string[];
  /** The value of `.ASPXAUTH`, or a whole Cookie header. An API client takes precedence. */
  cookie?: string;
  resolve?: Resolve;
  patience?: Partial<Patience>;
};

/** After these errors another source can succeed, because the fault is in this source only. */
const TRY_NEXT: ErrorCode[] = [
  "media_refused",
  "recording_without_sound",
  "recording_unsupported",
  "recording_incomplete",
  "fetch_too_large",
];

/** Panopto as a source of recordings: public sessions without any sign-in, others with one. */
export function openPanopto(options: PanoptoOptions): AudioSource {
  const { allowedHosts, resolve, cookie } = options;
  const patience = { ...PATIENCE, ...options.patience };
  const listing = openHostRules(allowedHosts);
  const fetch = openGuardedFetch({ allowedHosts, resolve });
  const login = openPanoptoLogin({ fetch, cookie, client: clientOf(options), patience });
  const site = openPanoptoSite({ fetch, login, patience });

  const findSources = async (address: RecordingAddress, signal: AbortSignal) =>
    listSources(address, await site.fetchDelivery(address, signal), {
      signedIn: login.isConfigured,
    });

  const assertListed = <T extends { origin: string; host: string }>(address: T): T => {
    const listed = listing(new URL(address.origin));
    if (listed === "private") return address;
    if (listed) return { ...address, origin: `https://${address.host}` }; // old links have http
    throw new AppError("address_blocked", {
      host: address.host,
      reason: "the host is not in PANOPTO_ALLOWED_HOSTS",
      message: `${address.host} is not known here as a Panopto site. Ask the person who runs this service to add it to PANOPTO_ALLOWED_HOSTS, or upload the audio`,
    });
  };

  return {
    name: "panopto",
    serviceOf: ({ host }) => (isOneHost(allowedHosts) ? "panopto" : `panopto:${host}`),
    identify: (url) => assertListed(parsePanoptoUrl(url)),
    identifyCollection: (url) => assertListed(parseCollectionUrl(url)),
    listCollection: site.fetchCollection,
    describe: async (address, signal) =>
      toRecording(address, await site.fetchDelivery(address, signal)),
    download: (address, scratchDir, onProgress, signal) => {
      const tools = { fetch, path: join(scratchDir, "recording"), patience, onProgress, signal };
      const take = (source: RecordingStream, credentials: Record<string, string>) =>
        downloadSource(source, {
          ...tools,
          headersFor: (url) => (isOn(address, url) ? credentials : {}),
        });
      return firstAudible(
        () => findSources(address, signal),
        (source) => login.ask(address.origin, (credentials) => take(source, credentials), signal),
        signal,
      );
    },
    fetchCaptions: async (address, language, signal) => {
      const delivery = await site.fetchDelivery(address, signal);
      const offered = toRecording(address, delivery).caption_languages;
      for (const wanted of language === undefined ? offered : [language]) {
        const number = languageNumber(wanted);
        const srt = number === undefined ? null : await site.fetchSrt(address, number, signal);
        if (srt === null) continue;
        const detected = detectLanguage(srt.replace(/^[\d:,.\s]+-->.*$/gm, "")).language_code;
        return {
          srt: toViewerCaptions(srt, viewerClockOf(delivery)),
          language: captionLanguage(wanted, detected),
        };
      }
      return null;
    },
  };
}

/** Whether the allow-list names a single host, so that all recordings are there. */
const isOneHost = (allowedHosts: string[]) =>
  allowedHosts.length === 1 && !allowedHosts[0]!.includes("*");

function clientOf(options: PanoptoOptions): PanoptoClient | undefined {
  const { clientId, clientSecret, username, password } = options;
  if (!clientId || !clientSecret || !username || !password) return undefined;
  return { clientId, clientSecret, username, password };
}

const isOn = ({ origin }: RecordingAddress, url: string) => URL.parse(url)?.origin === origin;

/**
 * Tries the sources in order until one is audible and as long as the session. Without such a one, the
 * first that could be downloaded is used. Signed addresses expire: after a refusal they are requested
 * again, once.
 */
async function firstAudible(
  findSources: () => Promise<RecordingStream[]>,
  take: (source: RecordingStream) => Promise<DownloadedSource>,
  signal: AbortSignal,
): Promise<DownloadedRecording> {
  const failures: AppError[] = [];
  let doubtful: DownloadedRecording | undefined;
  let sources = await findSources();
  let isFresh = false;

  for (let i = 0; i < sources.length; ) {
    try {
      const { isUsable, ...recording } = await take(sources[i]!);
      if (isUsable) return recording;
      doubtful ??= await keep(recording);
      i++;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof AppError && TRY_NEXT.includes(error.errorCode))) throw error;
      const canHaveExpired = sources[i]!.name !== "podcast_audio"; // its 403 means: no downloads
      if (error.errorCode === "media_refused" && canHaveExpired && !isFresh) {
        isFresh = true;
        sources = await findSources();
        continue;
      }
      failures.push(error);
      i++;
    }
  }
  const temporary = failures.find(isRetryable); // the next attempt can find this source complete
  if (temporary) throw temporary;
  if (doubtful) return doubtful;
  const clearest = failures.findLast(({ errorCode }) => errorCode !== "recording_without_sound");
  throw clearest ?? failures[0] ?? new AppError("panopto_no_streams");
}

/** Moves a download away, so that the next one does not overwrite it. */
async function keep(recording: DownloadedRecording): Promise<DownloadedRecording> {
  const path = `${recording.path}.kept`;
  await rename(recording.path, path);
  return { ...recording, path };
}

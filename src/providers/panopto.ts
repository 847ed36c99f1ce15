import { join } from "node:path";
import { AppError, type ErrorCode } from "../errors";
import type { Resolve } from "../media/fetch/addresses";
import { openGuardedFetch } from "../media/fetch/guarded-fetch";
import { downloadStream, type StreamOrder } from "../media/fetch/hls";
import { openHostRules } from "../media/fetch/host-rules";
import { PATIENCE, type Patience } from "../media/fetch/retries";
import { probeMedia } from "../media/probe-audio";
import type { AudioSource, DownloadedRecording, RecordingAddress } from "./audio-source";
import { parsePanoptoUrl } from "./panopto/address";
import { toRecording } from "./panopto/delivery-info";
import { languageNumber } from "./panopto/languages";
import { openPanoptoLogin, type PanoptoClient } from "./panopto/login";
import { openPanoptoSite } from "./panopto/site";
import { listSources, type Source } from "./panopto/sources";

export type PanoptoOptions = Partial<PanoptoClient> & {
  /** Hosts that session addresses may name; see `openHostRules`. */
  allowedHosts: string[];
  /** The value of `.ASPXAUTH`, or a whole Cookie header. An API client takes precedence. */
  cookie?: string;
  resolve?: Resolve;
  patience?: Partial<Patience>;
};

/** After these the next way to the sound is worth trying: the fault lies with this one alone. */
const TRY_NEXT: ErrorCode[] = [
  "media_refused",
  "recording_without_sound",
  "recording_unsupported",
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

  const signedIn = login.isConfigured;

  const describe: AudioSource["describe"] = async (address, signal) =>
    toRecording(address, await site.fetchDelivery(address, signal));
  const askSources = async (address: RecordingAddress, signal: AbortSignal) =>
    listSources(address, await site.fetchDelivery(address, signal), { signedIn });

  return {
    name: "panopto",
    identify: (url) => {
      const address = parsePanoptoUrl(url);
      const listed = listing(new URL(address.origin));
      if (listed === "private") return address;
      if (listed) return { ...address, origin: `https://${address.host}` }; // old links say http
      const reason = "the host is not in PANOPTO_ALLOWED_HOSTS";
      throw new AppError("address_blocked", { host: address.host, reason });
    },
    describe,
    download: (address, scratchDir, onProgress, signal) => {
      const tools = { fetch, path: join(scratchDir, "recording"), patience, onProgress, signal };
      const take = (source: Source, credentials: Record<string, string>) =>
        takeSource(source, { ...tools, headers: isOn(address, source.url) ? credentials : {} });
      return firstThatWorks(
        () => askSources(address, signal),
        (source) => login.ask(address.origin, (credentials) => take(source, credentials), signal),
        signal,
      );
    },
    fetchCaptions: async (address, language, signal) => {
      const wanted = language ?? (await describe(address, signal)).caption_languages[0];
      const number = wanted === undefined ? undefined : languageNumber(wanted);
      return number === undefined ? null : site.fetchSrt(address, number, signal);
    },
  };
}

function clientOf(options: PanoptoOptions): PanoptoClient | undefined {
  const { clientId, clientSecret, username, password } = options;
  if (!clientId || !clientSecret || !username || !password) return undefined;
  return { clientId, clientSecret, username, password };
}

const isOn = ({ origin }: RecordingAddress, url: string) => URL.parse(url)?.origin === origin;

/** Tries the sources in order. Signed addresses expire: a refused one is asked for again, once. */
async function firstThatWorks(
  askSources: () => Promise<Source[]>,
  take: (source: Source) => Promise<DownloadedRecording>,
  signal: AbortSignal,
): Promise<DownloadedRecording> {
  const failures: AppError[] = [];
  let sources = await askSources();
  let isFresh = false;

  for (let i = 0; i < sources.length; ) {
    try {
      return await take(sources[i]!);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof AppError && TRY_NEXT.includes(error.errorCode))) throw error;
      const mayHaveExpired = sources[i]!.name !== "podcast_audio"; // 403 there: downloads are off
      if (error.errorCode === "media_refused" && mayHaveExpired && !isFresh) {
        isFresh = true;
        sources = await askSources();
        continue;
      }
      failures.push(error);
      i++;
    }
  }
  const telling = failures.findLast(({ errorCode }) => errorCode !== "recording_without_sound");
  throw telling ?? failures[0] ?? new AppError("panopto_no_streams");
}

type Tools = Omit<StreamOrder, "url" | "audioOnly" | "announced_duration_ms">;

/** Downloads one source and makes sure that it has sound: the second view of a lecture often has none. */
async function takeSource(source: Source, tools: Tools): Promise<DownloadedRecording> {
  const { name, url, audioOnly, offset_ms, announced_duration_ms } = source;
  await downloadStream({ ...tools, url, audioOnly, announced_duration_ms });

  const media = await probeMedia(tools.path, { signal: tools.signal });
  if (!media) throw new AppError("recording_unsupported", { reason: "not a known media format" });
  if (!media.sound) throw new AppError("recording_without_sound", { source: name });
  return { path: tools.path, source: name, announced_duration_ms, offset_ms };
}

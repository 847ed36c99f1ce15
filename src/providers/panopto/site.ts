import { AppError } from "../../errors";
import type { Fetched, GuardedFetch } from "../../media/fetch/guarded-fetch";
import { toServerFailure } from "../../media/fetch/response-status";
import { type Patience, retrying } from "../../media/fetch/retries";
import type { RecordingAddress } from "../audio-source";
import { type Delivery, readDeliveryInfo } from "./delivery-info";
import type { PanoptoLogin } from "./login";

/** The two pages of a Panopto site that we read. */
export type PanoptoSite = {
  /** @throws AppError see `readDeliveryInfo`, and `provider_rate_limited`, `provider_unavailable` */
  fetchDelivery(address: RecordingAddress, signal: AbortSignal): Promise<Delivery>;
  /** The captions in one language as SRT; null if the recording has no captions. */
  fetchSrt(
    address: RecordingAddress,
    language: number,
    signal: AbortSignal,
  ): Promise<string | null>;
};

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
    { origin }: RecordingAddress,
    { path, form }: { path: string; form?: URLSearchParams },
    toResult: (text: string) => T,
    signal: AbortSignal,
  ): Promise<T> => {
    const request = async (credentials: Record<string, string>) => {
      const fetched = await fetch(`${origin}/Panopto/Pages/${path}`, {
        method: form ? "POST" : "GET",
        headers: { ...credentials, ...(form && { "content-type": FORM }) },
        body: form?.toString(),
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
    return retrying(() => login.ask(origin, request, signal), {
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
      return read(address, { path: "Viewer/DeliveryInfo.aspx", form }, toDelivery, signal);
    },
    fetchSrt: (address, language, signal) => {
      const path = `Transcription/GenerateSRT.ashx?id=${address.session_id}&language=${language}`;
      return read(address, { path }, toSrt, signal);
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

function toDelivery(text: string): Delivery {
  // An expired cookie gets the login page, with status 200.
  if (isPage(text)) {
    throw new AppError("panopto_login_required", { reason: "a web page instead of data" });
  }
  return readDeliveryInfo(text);
}

/** Without captions, Panopto answers with status 200 and an empty body or a page. */
const toSrt = (text: string): string | null =>
  isPage(text) || !text.includes("-->") ? null : text;

/** By its first character: ASP.NET sends `text/html` as the type of any response by default. */
const isPage = (text: string) => text.trimStart().startsWith("<");

import { z } from "zod";
import type { SlideChange } from "../../db/lectures";
import { AppError } from "../../errors";
import { cleanLine } from "../../text/clean-text";
import type { Recording, RecordingAddress } from "../audio-source";
import { languageOf } from "./languages";
import { toMs, viewerClockOf } from "./stream-pieces";
import { isOnMediaClock, toViewerTime } from "./viewer-clock";

/** Foreign JSON: a missing or odd field must not affect the others. */
const Text = z.string().transform(cleanLine).optional().catch(undefined);
const Seconds = z.number().nonnegative().optional().catch(undefined);
const Flag = z.boolean().catch(false);
/** A number; anything else is left out. */
const LanguageNumber = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
  .catch(Number.NaN);
const listOf = <T extends z.ZodType>(item: T) => z.array(item).nullish().catch(null);

/** A part of a stream that was kept: `Start` and `End` in its media, the others on the viewer's clock. */
const Segment = z.object({
  Start: Seconds,
  End: Seconds,
  RelativeStart: Seconds,
  RelativeEnd: Seconds,
});
const Stream = z.object({
  StreamUrl: z.string().nullish().catch(null),
  StreamHttpUrl: z.string().nullish().catch(null),
  Tag: Text,
  /** Seconds into the session at which this stream begins and ends. */
  RelativeStart: Seconds,
  RelativeEnd: Seconds,
  RelativeSegments: listOf(Segment),
});
const Timestamp = z.object({
  Time: Seconds,
  Caption: Text,
  EventTargetType: Text,
  ObjectSequenceNumber: z.int().positive().optional().catch(undefined),
});
const Delivery = z.object({
  SessionName: Text,
  Duration: Seconds,
  IsActiveBroadcast: Flag,
  HasCaptions: Flag,
  AvailableLanguages: listOf(LanguageNumber),
  Streams: listOf(Stream),
  PodcastStreams: listOf(Stream),
  Timestamps: listOf(Timestamp),
});
const DeliveryInfo = z.object({
  ErrorCode: z.coerce.number().catch(0),
  ErrorMessage: Text,
  Delivery: Delivery.nullish().catch(null),
});

export type Delivery = z.infer<typeof Delivery>;
export type DeliveryStream = z.infer<typeof Stream>;

const LOGIN_NEEDED = 2;

/**
 * Reads the response of DeliveryInfo, which describes a session.
 *
 * @throws AppError `panopto_login_required`, `panopto_session_not_found`, `panopto_refused`,
 *         `recording_not_ready`, `recording_processing`, `provider_answer_invalid`
 */
export function readDeliveryInfo(text: string): Delivery {
  const { ErrorCode, ErrorMessage = "", Delivery: delivery } = parse(text);
  if (ErrorCode === LOGIN_NEEDED) throw new AppError("panopto_login_required");
  if (ErrorCode || !delivery) {
    throw toRefusal(ErrorMessage);
  }
  if (delivery.IsActiveBroadcast) throw new AppError("recording_not_ready", { reason: "live" });
  const isEmpty = !delivery.Streams?.length && !delivery.PodcastStreams?.length;
  if (isEmpty && delivery.Duration === 0) throw processing();
  return delivery;
}

const processing = (panopto_message?: string) =>
  new AppError("recording_processing", { ...(panopto_message && { panopto_message }) });

const STILL_PROCESSING =
  /(?:being|still|currently|in) process|process(?:ing)? (?:is|has) not|not (?:yet )?(?:been )?(?:processed|ready|finished)|not available yet/i;

/** Panopto's message is the only reason we get, so the reader sees it, with the next step. */
function toRefusal(panopto_message: string): AppError {
  if (STILL_PROCESSING.test(panopto_message)) return processing(panopto_message);
  if (/not (be )?found|does not exist|deleted/i.test(panopto_message)) {
    return new AppError("panopto_session_not_found", { panopto_message });
  }
  if (!panopto_message) return new AppError("panopto_refused");
  const message = `Panopto said: "${panopto_message}". Ask the recording's owner, or upload the audio`;
  return new AppError("panopto_refused", { panopto_message, message });
}

/** Converts a delivery. Slide changes are on the viewer's clock. */
export function toRecording(address: RecordingAddress, delivery: Delivery): Recording {
  return {
    ...address,
    title: delivery.SessionName || address.session_id,
    duration_ms: toMs(delivery.Duration) || null,
    slide_changes: slideChanges(delivery),
    caption_languages: captionLanguages(delivery),
  };
}

function parse(text: string): z.infer<typeof DeliveryInfo> {
  try {
    return DeliveryInfo.parse(JSON.parse(text));
  } catch (error) {
    throw new AppError("provider_answer_invalid", { provider: "panopto" }, { cause: error });
  }
}

function slideChanges(delivery: Delivery): SlideChange[] {
  const changes = (delivery.Timestamps ?? []).filter(
    ({ EventTargetType, Time }) => EventTargetType === "PowerPoint" && Time !== undefined,
  );
  const clock = viewerClockOf(delivery);
  const latest_ms = changes.reduce((latest, { Time }) => Math.max(latest, toMs(Time)), 0);
  const isMoved = isOnMediaClock(latest_ms, clock);
  const moved = changes
    .flatMap(({ Time, Caption, ObjectSequenceNumber }) => {
      const time_ms = isMoved ? toViewerTime(toMs(Time), clock) : toMs(Time);
      if (time_ms === null) return [];
      return {
        time_ms: Math.round(time_ms),
        ...(Caption && { caption: Caption }),
        ...(ObjectSequenceNumber && { sequence: ObjectSequenceNumber }),
      };
    })
    .toSorted((a, b) => a.time_ms - b.time_ms);
  // The next part begins with the slide of the last change in a removed part.
  return isMoved ? moved.filter(({ time_ms }, i) => moved[i + 1]?.time_ms !== time_ms) : moved;
}

function captionLanguages({ HasCaptions, AvailableLanguages }: Delivery): string[] {
  const numbers = (AvailableLanguages ?? []).filter(Number.isInteger);
  if (numbers.length > 0) return numbers.map(languageOf);
  return HasCaptions ? [languageOf(0)] : [];
}

import { z } from "zod";
import type { SlideChange } from "../../db/lectures";
import { AppError } from "../../errors";
import { cleanLine } from "../../text/clean-text";
import type { Recording, RecordingAddress } from "../audio-source";
import { languageOf } from "./languages";

/** Foreign JSON: a field that is missing or odd must not cost the fields that are fine. */
const Text = z.string().transform(cleanLine).optional().catch(undefined);
const Seconds = z.number().nonnegative().optional().catch(undefined);
const Flag = z.boolean().catch(false);
/** Seen as numbers; anything else stands for no language we know. */
const LanguageNumber = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
  .catch(Number.NaN);
const listOf = <T extends z.ZodType>(item: T) => z.array(item).nullish().catch(null);

const Stream = z.object({
  StreamUrl: z.string().nullish().catch(null),
  Tag: Text,
  /** Seconds into the session at which this stream begins and ends. */
  RelativeStart: Seconds,
  RelativeEnd: Seconds,
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

const LOGIN_NEEDED = 2;

/**
 * Reads Panopto's answer to "what is in this session".
 *
 * @throws AppError `panopto_login_required`, `panopto_session_not_found`, `panopto_refused`,
 *         `recording_not_ready`, `provider_answer_invalid`
 */
export function readDeliveryInfo(text: string): Delivery {
  const { ErrorCode, ErrorMessage = "", Delivery: delivery } = parse(text);
  if (ErrorCode === LOGIN_NEEDED) throw new AppError("panopto_login_required");
  if (ErrorCode || !delivery) {
    throw toRefusal(ErrorMessage);
  }
  if (delivery.IsActiveBroadcast) throw new AppError("recording_not_ready", { reason: "live" });
  return delivery;
}

/** Its words are all that is known of the reason, so people read them beside what helps. */
function toRefusal(panopto_message: string): AppError {
  if (/not (be )?found|does not exist|deleted/i.test(panopto_message)) {
    return new AppError("panopto_session_not_found", { panopto_message });
  }
  if (!panopto_message) return new AppError("panopto_refused");
  const message = `Panopto said: "${panopto_message}". Ask the recording's owner, or upload the sound`;
  return new AppError("panopto_refused", { panopto_message, message });
}

/** What a delivery says, in our words. */
export function toRecording(address: RecordingAddress, delivery: Delivery): Recording {
  return {
    ...address,
    title: delivery.SessionName || address.session_id,
    duration_ms: toMs(delivery.Duration) || null,
    slide_changes: slideChanges(delivery),
    caption_languages: captionLanguages(delivery),
  };
}

export const toMs = (seconds: number | undefined): number => Math.round((seconds ?? 0) * 1_000);

function parse(text: string): z.infer<typeof DeliveryInfo> {
  try {
    return DeliveryInfo.parse(JSON.parse(text));
  } catch (error) {
    throw new AppError("provider_answer_invalid", { provider: "panopto" }, { cause: error });
  }
}

function slideChanges({ Timestamps }: Delivery): SlideChange[] {
  return (Timestamps ?? [])
    .filter(({ EventTargetType, Time }) => EventTargetType === "PowerPoint" && Time !== undefined)
    .map(({ Time, Caption, ObjectSequenceNumber }) => ({
      time_ms: toMs(Time),
      ...(Caption && { caption: Caption }),
      ...(ObjectSequenceNumber && { sequence: ObjectSequenceNumber }),
    }))
    .toSorted((a, b) => a.time_ms - b.time_ms);
}

function captionLanguages({ HasCaptions, AvailableLanguages }: Delivery): string[] {
  const languages = (AvailableLanguages ?? [])
    .map(languageOf)
    .filter((language) => language !== undefined);
  if (languages.length > 0) return languages;
  return HasCaptions ? [languageOf(0)!] : [];
}

import { getLecture } from "../../db/lectures";
import { hasTranscript } from "../../db/transcripts";
import type { Reason } from "../../queue/queue";
import type { Attempt } from "../step";
import { embedTranscript } from "./embed";
import type { LectureTools } from "./tools";
import { obtainTranscript } from "./transcribe";

/**
 * Takes a lecture from its address, or from sound that a client brought, to searchable chunks.
 *
 * Safe to repeat: a stored transcript is used again and chunks that are embedded stay embedded, so
 * another attempt downloads and pays for what is missing only.
 *
 * @returns why the lecture is complete without a transcript, when it is
 */
export async function ingestLecture(
  lecture_id: string,
  tools: LectureTools,
  attempt: Attempt<"lecture">,
): Promise<Reason | undefined> {
  const lecture = await getLecture(tools.db, lecture_id);
  if (!(await hasTranscript(tools.db, lecture_id))) {
    const reason = await obtainTranscript(lecture, tools, attempt);
    if (reason) return reason;
  }
  await attempt.step("embedding", () => embedTranscript(lecture_id, tools, attempt));
}

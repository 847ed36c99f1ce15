import type { Transcript } from "@lectern/client";
import { lectern } from "../server/client";
import { useData } from "../server/use-data";

export type Segment = NonNullable<Transcript["segments"]>[number];

/** The segments of a lecture; undefined while they are read, empty without a transcript. */
export function useTranscript(id: string | undefined): Segment[] | undefined {
  const { data, error } = useData(`${id} transcript`, (signal) =>
    lectern.GET("/api/lectures/{id}/transcript", {
      params: { path: { id: id ?? "" }, query: { segments: true } },
      signal,
    }),
  );
  if (error !== undefined) return [];
  // The route has a text form too, which this request does not ask for.
  return data === undefined ? undefined : (typeof data === "object" && data.segments) || [];
}

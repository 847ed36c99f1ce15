import { dataOf } from "@lectern/client";
import { useState } from "react";
import { lectern, reasonOf } from "../server/client";
import { useData } from "../server/use-data";
import { strings } from "../text/strings";

/** The interval of an import that continues, in hours. */
const DAILY = 24;

type ImportPreviewProps = {
  course_id: string;
  url: string;
  onDone: () => void;
  onCancel: () => void;
};

/** The recordings and the cost of a Panopto folder, before it is imported. */
export function ImportPreview({ course_id, url, onDone, onCancel }: ImportPreviewProps) {
  const [isDaily, setDaily] = useState(true);
  const [problem, setProblem] = useState<string>();
  const params = { path: { id: course_id } };
  const settings = { url, transcription: true, visible_from: null };
  const { data, error } = useData(`${course_id} ${url}`, (signal) =>
    lectern.POST("/api/courses/{id}/sources", {
      params: { ...params, query: { dry_run: true } },
      body: { ...settings, sync_every_hours: null },
      signal,
    }),
  );
  const preview = data && "recordings" in data ? data : undefined;
  const accept = async () => {
    const body = { ...settings, sync_every_hours: isDaily ? DAILY : null };
    try {
      await dataOf(lectern.POST("/api/courses/{id}/sources", { params, body }));
      onDone();
    } catch (failed) {
      setProblem(reasonOf(failed));
    }
  };
  const reason = problem ?? (error === undefined ? undefined : reasonOf(error));
  return (
    <section className="card import" aria-label={strings.importFolder}>
      <p className="address" dir="ltr">
        {url}
      </p>
      {!preview && !reason && <p className="note">{strings.loading}</p>}
      {reason && (
        <p className="problem" role="alert">
          {reason}
        </p>
      )}
      {preview && (
        <>
          <p>{strings.importSummary(preview.recordings.length, preview.forecast)}</p>
          {preview.forecast.exceeded && <p className="problem">{strings.overBudget}</p>}
          <details>
            <summary>{strings.recordings}</summary>
            <ol>
              {preview.recordings.map(({ session_id, title }) => (
                <li key={session_id}>
                  <bdi>{title ?? strings.untitled}</bdi>
                </li>
              ))}
            </ol>
          </details>
          <label className="check">
            <input
              type="checkbox"
              checked={isDaily}
              onChange={(event) => setDaily(event.target.checked)}
            />
            {strings.importDaily}
          </label>
          <button type="button" onClick={() => void accept()}>
            {strings.importNow}
          </button>
        </>
      )}{" "}
      <button type="button" className="quiet" onClick={onCancel}>
        {strings.cancel}
      </button>
    </section>
  );
}

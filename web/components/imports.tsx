import { type CourseSource, dataOf } from "@lectern/client";
import { useEffect, useState } from "react";
import { lectern, reasonOf } from "../server/client";
import { useData } from "../server/use-data";
import { problemTitle } from "../text/problem-titles";
import { strings } from "../text/strings";

type ImportsProps = {
  course_id: string;
  /** Changes when the sources are to be read again. */
  round: number;
};

/** The Panopto folders and lists that the course imports. */
export function Imports({ course_id, round }: ImportsProps) {
  const [own, setOwn] = useState(0);
  const [problem, setProblem] = useState<string>();
  const [shown, setShown] = useState<CourseSource[]>([]);
  const { data } = useData(`${course_id} ${round} ${own}`, (signal) =>
    lectern.GET("/api/courses/{id}/sources", { params: { path: { id: course_id } }, signal }),
  );
  // The former list stays while the next one is read.
  useEffect(() => {
    if (data) setShown(data.items.filter(({ kind }) => kind !== "list"));
  }, [data]);
  if (shown.length === 0) return null;
  const act = async (source_id: string, action: "sync" | "stop") => {
    const params = { path: { id: course_id, source_id } };
    const path = "/api/courses/{id}/sources/{source_id}";
    try {
      if (action === "sync") await dataOf(lectern.POST(`${path}/sync`, { params }));
      else await dataOf(lectern.DELETE(path, { params }));
      setProblem(undefined);
    } catch (error) {
      setProblem(reasonOf(error));
    }
    setOwn((old) => old + 1);
  };
  return (
    <details className="imports">
      <summary>{strings.imports}</summary>
      <ul>
        {shown.map(({ id, url, title, state, counts, error_code, error_message }) => (
          <li key={id}>
            <span className="address" dir="auto">
              {title ?? url}
            </span>
            <p className="note">
              {strings.importStates[state] ?? state} · {strings.importCounts(counts)}
              {error_message && ` · ${problemTitle(error_code) ?? error_message}`}
            </p>
            <button type="button" className="link" onClick={() => void act(id, "sync")}>
              {strings.importSync}
            </button>{" "}
            <button type="button" className="link" onClick={() => void act(id, "stop")}>
              {strings.importStop}
            </button>
          </li>
        ))}
      </ul>
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </details>
  );
}

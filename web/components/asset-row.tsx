import type { Asset } from "@lectern/client";
import { dataOf } from "@lectern/client";
import { useState } from "react";
import type { SourcePlace } from "../route/route";
import { lectern, reasonOf } from "../server/client";
import { strings } from "../text/strings";

type AssetRowProps = {
  asset: Asset;
  canEdit: boolean;
  onChanged: () => void;
  onOpen: (place: SourcePlace) => void;
  onDelete: () => void;
};

/** A lecture or document with its progress and what the reader can do with it. */
export function AssetRow({ asset, canEdit, onChanged, onOpen, onDelete }: AssetRowProps) {
  const { id, kind, title, status, status_reason, progress_percent } = asset;
  const [problem, setProblem] = useState<string>();
  const name = title ?? strings.untitled;
  const isReady = status === "completed";
  const isWorking = !isReady && status !== "failed" && status !== "paused";
  const act = async (action: "retry" | "cancel" | "resume") => {
    const folder = kind === "lecture" ? "lectures" : "documents";
    const params = { path: { id } };
    try {
      await dataOf(lectern.POST(`/api/${folder}/{id}/${action}`, { params }));
      setProblem(undefined);
    } catch (error) {
      setProblem(reasonOf(error));
    }
    onChanged();
  };
  const open = () => onOpen(kind === "lecture" ? { kind, id, ms: 0 } : { kind, id, page: 1 });
  return (
    <li className={`asset ${status}`}>
      <div className="row">
        <span aria-hidden="true">{kind === "lecture" ? "▶" : "▤"}</span>
        <button type="button" className="plain name" dir="auto" disabled={!isReady} onClick={open}>
          {name}
        </button>
        {canEdit && (
          <button
            type="button"
            className="quiet icon"
            aria-label={`${strings.remove}: ${name}`}
            onClick={onDelete}
          >
            ✕
          </button>
        )}
      </div>
      {!isReady && (
        <p className="note">
          {strings.states[status] ?? status}
          {isWorking && ` · ${progress_percent} %`}
          {status_reason && status === "failed" && ` · ${status_reason}`}{" "}
          {canEdit && status === "failed" && (
            <button type="button" className="link" onClick={() => void act("retry")}>
              {strings.retry}
            </button>
          )}
          {canEdit && status === "paused" && (
            <button type="button" className="link" onClick={() => void act("resume")}>
              {strings.resume}
            </button>
          )}
          {canEdit && isWorking && (
            <button type="button" className="link" onClick={() => void act("cancel")}>
              {strings.cancelWork}
            </button>
          )}
        </p>
      )}
      {isWorking && <progress max={100} value={progress_percent} aria-label={name} />}
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </li>
  );
}

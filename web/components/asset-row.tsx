import type { Asset } from "@lectern/client";
import { dataOf } from "@lectern/client";
import { lazy, Suspense, useState } from "react";
import type { SourcePlace } from "../route/route";
import { lectern, reasonOf } from "../server/client";
import { problemTitle } from "../text/problem-titles";
import { strings } from "../text/strings";
import { FaultBoundary } from "./fault-boundary";

const AssetMenu = lazy(() => import("./asset-menu"));

type AssetRowProps = {
  asset: Asset;
  course_id: string;
  canEdit: boolean;
  onChanged: () => void;
  onOpen: (place: SourcePlace) => void;
  onDelete: () => void;
};

/** A lecture or document with its progress and what the reader can do with it. */
export function AssetRow(props: AssetRowProps) {
  const { asset, course_id, canEdit, onChanged, onOpen, onDelete } = props;
  const { id, kind, title, status, progress_percent } = asset;
  const [problem, setProblem] = useState<string>();
  const [isMenuOpen, setMenuOpen] = useState(false);
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
        {isReady && <small className="size">{sizeOf(asset)}</small>}
        {canEdit && (
          <button
            type="button"
            className="quiet icon"
            aria-expanded={isMenuOpen}
            aria-label={`${strings.more}: ${name}`}
            onClick={() => setMenuOpen(!isMenuOpen)}
          >
            ⋯
          </button>
        )}
      </div>
      {!isReady && (
        <p className="note">
          {strings.states[status] ?? status}
          {isWorking && ` · ${progress_percent} %`}
          {!isWorking && ` · ${reasonOfFailure(asset)}`}{" "}
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
      {isMenuOpen && (
        <FaultBoundary>
          <Suspense fallback={<p className="note">{strings.loading}</p>}>
            <AssetMenu
              asset={asset}
              course_id={course_id}
              onChanged={onChanged}
              onDelete={onDelete}
            />
          </Suspense>
        </FaultBoundary>
      )}
    </li>
  );
}

/** The reason in the language of the page, or else in that of the server. */
const reasonOfFailure = ({ error_code, status_reason }: Asset) =>
  (error_code && strings.failures[error_code]) || problemTitle(error_code) || status_reason || "";

function sizeOf({ duration_seconds, page_count }: Asset): string {
  if (page_count !== null) return strings.pages(page_count);
  return duration_seconds === null ? "" : strings.minutes(Math.max(1, duration_seconds / 60));
}

import type { Course } from "@lectern/client";
import { useCallback, useState } from "react";
import { beginThread, forgetThread, listThreads } from "../conversation/history";
import type { SourcePlace } from "../route/route";
import { navigate } from "../route/use-route";
import { useAssets } from "../server/assets";
import { lectern } from "../server/client";
import { isShared } from "../server/credential";
import { strings } from "../text/strings";
import { AddSources } from "./add-sources";
import { AssetRow } from "./asset-row";
import { Toast } from "./toast";
import { usePendingDeletes } from "./use-pending-deletes";

type SourcesPaneProps = {
  course: Course;
  thread: string;
  onOpen: (place: SourcePlace) => void;
};

/** The sources of a course with their progress, and the conversations of this browser. */
export function SourcesPane({ course, thread, onOpen }: SourcesPaneProps) {
  const { assets, reload } = useAssets(course.id);
  const [, setRound] = useState(0);
  const deletes = usePendingDeletes(reload);
  const canEdit = !isShared();
  const threads = listThreads(course.id);
  const open = useCallback(
    (id: string) => navigate({ view: "course", course: course.id, thread: id }),
    [course.id],
  );
  const removeThread = async (id: string) => {
    const params = { path: { id } };
    await lectern.DELETE("/api/chat/sessions/{id}", { params }).catch(() => undefined);
    forgetThread(id);
    if (id === thread) open(beginThread());
    else setRound((old) => old + 1);
  };
  const visible = assets?.filter(({ id }) => !deletes.isPending(id));
  return (
    <nav className="sources-pane" aria-label={strings.sources}>
      <h2>{strings.sources}</h2>
      {canEdit && <AddSources course_id={course.id} onAdded={reload} />}
      {visible?.length === 0 && <p className="note">{strings.noSources}</p>}
      <ul className="assets">
        {visible?.map((asset) => (
          <AssetRow
            key={asset.id}
            asset={asset}
            canEdit={canEdit}
            onChanged={reload}
            onOpen={onOpen}
            onDelete={() => deletes.begin(asset)}
          />
        ))}
      </ul>
      {deletes.last && (
        <Toast
          text={strings.removed(deletes.last.title ?? strings.untitled)}
          action={strings.undo}
          onAction={deletes.undo}
        />
      )}
      <h2>{strings.conversations}</h2>
      <button type="button" className="quiet" onClick={() => open(beginThread())}>
        + {strings.newConversation}
      </button>
      <ul className="threads">
        {threads.map(({ id, title }) => (
          <li key={id} aria-current={id === thread}>
            <button type="button" className="plain" dir="auto" onClick={() => open(id)}>
              {title}
            </button>
            <button
              type="button"
              className="quiet icon"
              aria-label={`${strings.remove}: ${title}`}
              onClick={() => void removeThread(id)}
            >
              ✕
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

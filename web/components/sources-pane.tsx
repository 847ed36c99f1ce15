import type { Course } from "@lectern/client";
import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import type { SourcePlace } from "../route/route";
import { navigate } from "../route/use-route";
import { useAssets } from "../server/assets";
import { type Caller, canIngest } from "../server/courses";
import { deletions } from "../server/deletions";
import { useAdditions } from "../server/use-additions";
import { strings } from "../text/strings";
import { AddSources } from "./add-sources";
import { AdditionsList } from "./additions-list";
import { AssetRow } from "./asset-row";
import { ConversationList } from "./conversation-list";
import { CourseCost } from "./course-cost";
import { Imports } from "./imports";
import { Toast } from "./toast";

type SourcesPaneProps = {
  course: Course;
  thread: string;
  caller: Caller | undefined;
  onOpen: (place: SourcePlace) => void;
};

/** The sources of a course with their progress, and the conversations of the reader. */
export function SourcesPane({ course, thread, caller, onOpen }: SourcesPaneProps) {
  const { assets, reload } = useAssets(course.id);
  const uploads = useAdditions(course.id, reload);
  const [importRound, setImportRound] = useState(0);
  const pending = useSyncExternalStore(deletions.subscribe, deletions.getPending);
  // A deletion that ends changes the list.
  useEffect(() => reload(), [pending.length, reload]);
  const canEdit = canIngest(caller);
  const open = useCallback(
    (id: string) => navigate({ view: "course", course: course.id, thread: id }),
    [course.id],
  );
  const last = pending.at(-1);
  const visible = assets?.filter(({ id }) => !pending.some((one) => one.id === id));
  return (
    <nav className="sources-pane" aria-label={strings.sources}>
      <h2>{strings.sources}</h2>
      {canEdit && (
        <AddSources
          course_id={course.id}
          isOpen={assets?.length === 0 && uploads.length === 0}
          onImported={() => setImportRound((old) => old + 1)}
        />
      )}
      <AdditionsList items={uploads} />
      {visible?.length === 0 && uploads.length === 0 && <p className="note">{strings.noSources}</p>}
      <ul className="assets">
        {visible?.map((asset) => (
          <AssetRow
            key={asset.id}
            asset={asset}
            course_id={course.id}
            canEdit={canEdit}
            onChanged={reload}
            onOpen={onOpen}
            onDelete={() => deletions.begin(asset)}
          />
        ))}
      </ul>
      {canEdit && <Imports course_id={course.id} round={importRound + (assets?.length ?? 0)} />}
      {canEdit && <CourseCost course={course} />}
      {last && (
        <Toast
          text={strings.removed(last.title ?? strings.untitled)}
          action={strings.undo}
          onAction={deletions.undoLast}
        />
      )}
      <ConversationList course_id={course.id} thread={thread} caller={caller} onOpen={open} />
    </nav>
  );
}

import type { Asset, Course } from "@lectern/client";
import {
  memo,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
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

const NO_ASSETS: Asset[] = [];

type SourcesPaneProps = {
  course: Course;
  thread: string;
  caller: Caller | undefined;
  /** Called if the course has no sources and the reader can add some. */
  onEmpty: () => void;
  onOpen: (place: SourcePlace) => void;
};

/**
 * The sources of a course with their progress, and the conversations of the reader. Not rendered again for each
 * word of an answer: a course can have hundreds of sources.
 */
export const SourcesPane = memo((props: SourcesPaneProps) => {
  const { course, thread, caller, onEmpty, onOpen } = props;
  const { assets, reload } = useAssets(course.id);
  const uploads = useAdditions(course.id, reload);
  const [importRound, setImportRound] = useState(0);
  const pending = useSyncExternalStore(deletions.subscribe, deletions.getPending);
  const failed = useSyncExternalStore(deletions.subscribe, deletions.getFailed);
  // A deletion that ends changes the list.
  useEffect(() => reload(), [pending.length, reload]);
  const canEdit = canIngest(caller);
  const isEmpty = canEdit && assets?.length === 0 && uploads.length === 0;
  useEffect(() => {
    if (isEmpty) onEmpty();
  }, [isEmpty, onEmpty]);
  const heading = useRef<HTMLHeadingElement>(null);
  const open = useCallback(
    (id: string) => navigate({ view: "course", course: course.id, thread: id }),
    [course.id],
  );
  const last = pending.findLast(deletions.canUndo);
  const visible = useMemo(
    () => assets?.filter(({ id }) => !pending.some((one) => one.id === id)),
    [assets, pending],
  );
  const remove = useCallback((asset: Asset) => {
    deletions.begin(asset);
    // The focused button disappears with its row.
    heading.current?.focus();
  }, []);
  return (
    <nav className="sources-pane" aria-label={strings.sources}>
      <h2 ref={heading} tabIndex={-1}>
        {strings.sources}
      </h2>
      {canEdit && (
        <AddSources
          course_id={course.id}
          isOpen={isEmpty}
          onImported={() => setImportRound((old) => old + 1)}
        />
      )}
      <AdditionsList items={uploads} />
      {visible?.length === 0 && uploads.length === 0 && <p className="note">{strings.noSources}</p>}
      <AssetList
        assets={visible ?? NO_ASSETS}
        course_id={course.id}
        canEdit={canEdit}
        onChanged={reload}
        onOpen={onOpen}
        onDelete={remove}
      />
      {canEdit && <Imports course_id={course.id} round={importRound + (assets?.length ?? 0)} />}
      {canEdit && <CourseCost course={course} />}
      {failed && (
        <p className="problem" role="alert">
          {strings.notRemoved(failed.title ?? strings.untitled)} {failed.reason}
        </p>
      )}
      {last && (
        <Toast
          text={strings.removed(last.title ?? strings.untitled)}
          action={strings.undo}
          onAction={() => {
            deletions.undoLast();
            heading.current?.focus();
          }}
        />
      )}
      <ConversationList course_id={course.id} thread={thread} caller={caller} onOpen={open} />
    </nav>
  );
});

type AssetListProps = {
  assets: Asset[];
  course_id: string;
  canEdit: boolean;
  onChanged: () => void;
  onOpen: (place: SourcePlace) => void;
  onDelete: (asset: Asset) => void;
};

/** Not rendered again while a source is added or removed. */
const AssetList = memo(({ assets, onDelete, ...props }: AssetListProps) => (
  <ul className="assets">
    {assets.map((asset) => (
      <AssetRow key={asset.id} asset={asset} onDelete={() => onDelete(asset)} {...props} />
    ))}
  </ul>
));

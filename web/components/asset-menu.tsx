import { type Asset, dataOf } from "@lectern/client";
import { type FormEvent, useRef, useState } from "react";
import { TRANSCRIPT_EXTENSIONS } from "../../src/text/transcript/transcript-kinds";
import { additions } from "../server/additions";
import { lectern, reasonOf } from "../server/client";
import { useData } from "../server/use-data";
import { strings } from "../text/strings";
import { LectureDecks } from "./lecture-decks";

/** Audio, and transcripts in every form that the server reads. */
const RECORDING_FILES = `audio/*,video/mp4,${TRANSCRIPT_EXTENSIONS.map((one) => `.${one}`).join(",")}`;

type AssetMenuProps = {
  asset: Asset;
  course_id: string;
  onChanged: () => void;
  onDelete: () => void;
};

/** Rename, slides, another recording, cost and delete. */
export default function AssetMenu({ asset, course_id, onChanged, onDelete }: AssetMenuProps) {
  const { id, kind } = asset;
  const [shown, setShown] = useState<"title" | "slides" | "cost">();
  const file = useRef<HTMLInputElement>(null);
  const rename = useRef<HTMLButtonElement>(null);
  const toggle = (part: typeof shown) => setShown((old) => (old === part ? undefined : part));
  const closeRename = () => {
    setShown(undefined);
    rename.current?.focus();
  };
  return (
    <div className="asset-menu">
      <p className="actions">
        <button
          ref={rename}
          type="button"
          className="link"
          aria-expanded={shown === "title"}
          onClick={() => toggle("title")}
        >
          {strings.rename}
        </button>
        {kind === "lecture" && (
          <>
            <button
              type="button"
              className="link"
              aria-expanded={shown === "slides"}
              onClick={() => toggle("slides")}
            >
              {strings.lectureSlides}
            </button>
            <button type="button" className="link" onClick={() => file.current?.click()}>
              {strings.uploadInstead}
            </button>
            <input
              ref={file}
              type="file"
              hidden
              accept={RECORDING_FILES}
              aria-label={strings.uploadInstead}
              onChange={(event) => {
                const [chosen] = event.target.files ?? [];
                event.target.value = "";
                if (chosen) additions.replaceRecording(course_id, id, chosen);
              }}
            />
          </>
        )}
        <button
          type="button"
          className="link"
          aria-expanded={shown === "cost"}
          onClick={() => toggle("cost")}
        >
          {strings.cost}
        </button>
        <button type="button" className="link" onClick={onDelete}>
          {strings.remove}
        </button>
      </p>
      {shown === "title" && (
        <Rename
          asset={asset}
          onDone={() => {
            closeRename();
            onChanged();
          }}
          onCancel={closeRename}
        />
      )}
      {shown === "slides" && <LectureDecks lecture_id={id} />}
      {shown === "cost" && <AssetCost asset={asset} />}
    </div>
  );
}

type RenameProps = { asset: Asset; onDone: () => void; onCancel: () => void };

function Rename({ asset: { id, kind, title }, onDone, onCancel }: RenameProps) {
  const [text, setText] = useState(title ?? "");
  const [problem, setProblem] = useState<string>();
  const save = async (event: FormEvent) => {
    event.preventDefault();
    const path = kind === "lecture" ? "/api/lectures/{id}" : "/api/documents/{id}";
    const change = { params: { path: { id } }, body: { title: text.trim() } };
    try {
      await dataOf(lectern.PATCH(path, change));
      onDone();
    } catch (error) {
      setProblem(reasonOf(error));
    }
  };
  return (
    <form
      className="row"
      onSubmit={save}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        onCancel();
      }}
    >
      <input
        aria-label={strings.newTitle}
        dir="auto"
        maxLength={300}
        required
        value={text}
        // biome-ignore lint/a11y/noAutofocus: the reader has just asked to rename
        autoFocus
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" disabled={text.trim() === ""}>
        {strings.rename}
      </button>
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

function AssetCost({ asset: { id, kind, updated_at } }: { asset: Asset }) {
  const path = kind === "lecture" ? "/api/lectures/{id}/usage" : "/api/documents/{id}/usage";
  const { data, error } = useData(`${id} ${updated_at}`, (signal) =>
    lectern.GET(path, { params: { path: { id } }, signal }),
  );
  if (!data) return <p className="note">{error ? strings.costHidden : strings.loading}</p>;
  return <p className="note">{strings.usage(data)}</p>;
}

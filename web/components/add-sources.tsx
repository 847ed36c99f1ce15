import { dataOf } from "@lectern/client";
import { type DragEvent, type FormEvent, useRef, useState } from "react";
import { lectern, reasonOf } from "../server/client";
import { uploadFile, uploadRouteOf } from "../server/upload";
import { strings } from "../text/strings";

type Upload = { id: number; name: string; share: number; problem?: string };
type AddSourcesProps = { course_id: string; onAdded: () => void };

let uploadCount = 0;

/** Takes many files and addresses at once. Files are sent one after another. */
export function AddSources({ course_id, onAdded }: AddSourcesProps) {
  const [uploads, setUploads] = useState<Upload[]>([]);
  const [isOver, setOver] = useState(false);
  const [links, setLinks] = useState("");
  const files = useRef<HTMLInputElement>(null);

  const update = (id: number, fields: Partial<Upload>) =>
    setUploads((old) => old.map((one) => (one.id === id ? { ...one, ...fields } : one)));
  const remove = (id: number) => setUploads((old) => old.filter((one) => one.id !== id));

  const run = async (
    name: string,
    work: (onProgress: (share: number) => void) => Promise<unknown>,
  ) => {
    const id = uploadCount++;
    setUploads((old) => [...old, { id, name, share: 0 }]);
    try {
      await work((share) => update(id, { share }));
      remove(id);
      onAdded();
    } catch (error) {
      update(id, { problem: reasonOf(error) });
    }
  };
  const addFiles = async (list: Iterable<File>) => {
    for (const file of list) {
      await run(file.name, async (onProgress) => {
        if (!uploadRouteOf(file.name)) throw new Error(strings.unsupportedFile);
        await uploadFile(file, course_id, onProgress);
      });
    }
  };
  const addLinks = async (event: FormEvent) => {
    event.preventDefault();
    const addresses = links.split(/\s+/).filter(Boolean);
    setLinks("");
    for (const panopto_url of addresses) {
      const body = { course_id, panopto_url, priority: "normal", transcription: true } as const;
      await run(panopto_url, () => dataOf(lectern.POST("/api/lectures/download", { body })));
    }
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void addFiles([...event.dataTransfer.files]);
  };
  return (
    <details className="add">
      <summary>+ {strings.addSources}</summary>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the button in it does the same */}
      <div
        className={isOver ? "drop over" : "drop"}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={onDrop}
      >
        <p>{strings.dropHere}</p>
        <button type="button" onClick={() => files.current?.click()}>
          {strings.chooseFiles}
        </button>
        <input
          ref={files}
          type="file"
          multiple
          hidden
          aria-label={strings.chooseFiles}
          onChange={(event) => {
            const chosen = [...(event.target.files ?? [])];
            event.target.value = "";
            void addFiles(chosen);
          }}
        />
      </div>
      <form onSubmit={addLinks}>
        <label>
          {strings.pasteLinks}
          <textarea
            rows={2}
            dir="ltr"
            value={links}
            onChange={(event) => setLinks(event.target.value)}
          />
        </label>
        <button type="submit" disabled={links.trim() === ""}>
          {strings.addLinks}
        </button>
      </form>
      <ul className="uploads">
        {uploads.map(({ id, name, share, problem }) => (
          <li key={id}>
            <span dir="auto">{name}</span>
            {problem ? (
              <p className="problem" role="alert">
                {problem}{" "}
                <button type="button" className="link" onClick={() => remove(id)}>
                  {strings.close}
                </button>
              </p>
            ) : (
              <progress value={share} aria-label={`${name}: ${strings.uploading}`} />
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}

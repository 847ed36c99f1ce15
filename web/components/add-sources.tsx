import { type FormEvent, useState } from "react";
import { additions } from "../server/additions";
import { strings } from "../text/strings";
import { DropZone } from "./drop-zone";
import { ImportPreview } from "./import-preview";
import { isCollection, readAddresses } from "./read-addresses";

type AddSourcesProps = { course_id: string; isOpen: boolean; onImported: () => void };

/** Takes many files, folders and addresses at once. */
export function AddSources({ course_id, isOpen, onImported }: AddSourcesProps) {
  const [text, setText] = useState("");
  /** Folders and feeds of Panopto that wait for the reader's consent. */
  const [collections, setCollections] = useState(() => additions.takeCollections(course_id));
  const addAddresses = (event: FormEvent) => {
    event.preventDefault();
    const addresses = readAddresses(text);
    const recordings = addresses.filter((one) => !isCollection(one));
    if (recordings.length > 0) additions.addAddresses(course_id, recordings);
    setCollections((old) => [...new Set([...old, ...addresses.filter(isCollection)])]);
    setText("");
  };
  const close = (url: string) => setCollections((old) => old.filter((one) => one !== url));
  return (
    <details className="add" open={isOpen || collections.length > 0}>
      <summary>+ {strings.addSources}</summary>
      <DropZone onFiles={(files) => additions.addFiles(course_id, files)} />
      <form onSubmit={addAddresses}>
        <label>
          {strings.pasteLinks}
          <textarea
            rows={2}
            dir="ltr"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        <button type="submit" disabled={text.trim() === ""}>
          {strings.addLinks}
        </button>
      </form>
      {collections.map((url) => (
        <ImportPreview
          key={url}
          course_id={course_id}
          url={url}
          onDone={() => {
            close(url);
            onImported();
          }}
          onCancel={() => close(url)}
        />
      ))}
    </details>
  );
}

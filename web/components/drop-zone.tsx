import { type DragEvent, type ReactNode, useRef, useState } from "react";
import { readDroppedFiles } from "../server/dropped-files";
import { strings } from "../text/strings";

type DropZoneProps = { onFiles: (files: File[]) => void; children?: ReactNode };

/** Takes files and folders by drop, or by a button. */
export function DropZone({ onFiles, children }: DropZoneProps) {
  const [isOver, setOver] = useState(false);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void readDroppedFiles(event.dataTransfer).then(onFiles);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the buttons in it do the same
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
      </button>{" "}
      <button type="button" className="quiet" onClick={() => folder.current?.click()}>
        {strings.chooseFolder}
      </button>
      <FileInput input={files} label={strings.chooseFiles} onFiles={onFiles} />
      <FileInput input={folder} label={strings.chooseFolder} onFiles={onFiles} isFolder />
      {children}
    </div>
  );
}

type FileInputProps = {
  input: React.RefObject<HTMLInputElement | null>;
  label: string;
  onFiles: (files: File[]) => void;
  isFolder?: boolean;
};

function FileInput({ input, label, onFiles, isFolder = false }: FileInputProps) {
  return (
    <input
      ref={input}
      type="file"
      multiple
      hidden
      aria-label={label}
      {...(isFolder && { webkitdirectory: "" })}
      onChange={(event) => {
        const chosen = [...(event.target.files ?? [])].filter(({ name }) => !name.startsWith("."));
        event.target.value = "";
        onFiles(chosen);
      }}
    />
  );
}

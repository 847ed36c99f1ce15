import { type Course, dataOf } from "@lectern/client";
import { type FormEvent, useState } from "react";
import { additions } from "../server/additions";
import { lectern, reasonOf } from "../server/client";
import { createSampleCourse } from "../server/sample-course";
import { strings } from "../text/strings";
import { DropZone } from "./drop-zone";
import { isCollection, readAddresses } from "./read-addresses";

type CreateCourseProps = {
  isFirst?: boolean;
  /** The server has material for a sample course. */
  hasSample?: boolean;
  onCreated: (course: Course) => void;
};

/** Makes a course with its first sources in one step. */
export function CreateCourse({ isFirst = false, hasSample = false, onCreated }: CreateCourseProps) {
  const [name, setName] = useState("");
  const [files, setFiles] = useState<File[]>([]);
  const [links, setLinks] = useState("");
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const run = async (make: () => Promise<Course>) => {
    setBusy(true);
    try {
      onCreated(await make());
    } catch (error) {
      setProblem(reasonOf(error));
      setBusy(false);
    }
  };
  const create = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      const body = { name: name.trim() };
      const course = await dataOf(lectern.POST("/api/courses", { body }));
      additions.addFiles(course.id, files);
      const addresses = readAddresses(links);
      const recordings = addresses.filter((one) => !isCollection(one));
      if (recordings.length > 0) additions.addAddresses(course.id, recordings);
      // The course shows what a folder would add and cost before it is imported.
      additions.keepCollections(course.id, addresses.filter(isCollection));
      return course;
    });
  };
  const addFiles = (added: File[]) => {
    setFiles((old) => [...old, ...added]);
    setName((old) => old || nameFrom(added));
  };
  return (
    <form className="card" onSubmit={create}>
      <h2>{isFirst ? strings.firstCourse : strings.newCourse}</h2>
      {isFirst && <p>{strings.firstCourseHint}</p>}
      <label>
        {strings.courseName}
        <input
          value={name}
          onChange={(event) => setName(event.target.value)}
          maxLength={300}
          required
          dir="auto"
        />
      </label>
      <DropZone onFiles={addFiles}>
        {files.length > 0 && (
          <p className="note" role="status">
            {strings.filesChosen(files.map((file) => file.name))}{" "}
            <button type="button" className="link" onClick={() => setFiles([])}>
              {strings.chooseNone}
            </button>
          </p>
        )}
      </DropZone>
      <label>
        {strings.pasteLinks}
        <textarea
          rows={1}
          dir="ltr"
          value={links}
          onChange={(event) => setLinks(event.target.value)}
        />
      </label>
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <button type="submit" disabled={isBusy}>
        {strings.create}
      </button>
      {hasSample && (
        <button
          type="button"
          className="quiet"
          disabled={isBusy}
          onClick={() => void run(createSampleCourse)}
        >
          {strings.openSample}
        </button>
      )}
    </form>
  );
}

/** The folder of the first file, or its own name. */
function nameFrom([first]: File[]): string {
  if (!first) return "";
  const [folder, ...rest] = first.webkitRelativePath.split("/");
  return rest.length > 0 && folder ? folder : first.name.replace(/\.\w+$/, "");
}

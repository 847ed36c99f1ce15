import { type Course, dataOf } from "@lectern/client";
import { type FormEvent, useState } from "react";
import { lectern, reasonOf } from "../server/client";
import { strings } from "../text/strings";

type CreateCourseProps = { isFirst?: boolean; onCreated: (course: Course) => void };

export function CreateCourse({ isFirst = false, onCreated }: CreateCourseProps) {
  const [name, setName] = useState("");
  const [problem, setProblem] = useState<string>();
  const create = async (event: FormEvent) => {
    event.preventDefault();
    try {
      onCreated(await dataOf(lectern.POST("/api/courses", { body: { name: name.trim() } })));
    } catch (error) {
      setProblem(reasonOf(error));
    }
  };
  return (
    <form className="card" onSubmit={create}>
      <h2>{isFirst ? strings.firstCourse : strings.newCourse}</h2>
      {isFirst && <p>{strings.firstCourseHint}</p>}
      <label>
        {strings.courseName}
        <input value={name} onChange={(event) => setName(event.target.value)} required dir="auto" />
      </label>
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <button type="submit">{strings.create}</button>
    </form>
  );
}

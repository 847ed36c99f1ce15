import { type Course, dataOf } from "@lectern/client";
import { strings } from "../text/strings";
import { additions } from "./additions";
import { BASE_URL } from "./base-url";
import { lectern } from "./client";

const FILES = [
  { path: "slides.pdf", name: "Slides.pdf" },
  { path: "lecture/captions.srt", name: "Lecture 1.srt" },
];

/**
 * Makes a course from the server's sample material.
 *
 * @throws LecternError if the server refuses the course; TypeError if the server cannot be reached
 */
export async function createSampleCourse(): Promise<Course> {
  const files = await Promise.all(FILES.map(readSample));
  const course = await dataOf(
    lectern.POST("/api/courses", { body: { name: strings.sampleCourseName } }),
  );
  additions.addFiles(course.id, files);
  return course;
}

async function readSample({ path, name }: { path: string; name: string }): Promise<File> {
  const answer = await fetch(`${BASE_URL}/ag-ui/sample/${path}`);
  if (!answer.ok) throw new Error(strings.sampleMissing);
  return new File([await answer.blob()], name);
}

import type { Course } from "@lectern/client";
import { useState } from "react";
import { navigate } from "../route/use-route";
import { strings } from "../text/strings";
import { CreateCourse } from "./create-course";
import { Dialog } from "./dialog";
import { SettingsMenu } from "./settings-menu";

type HeaderProps = {
  courses: Course[];
  course: Course | undefined;
  canCreate: boolean;
  hasSample?: boolean;
  onCreated: (course: Course) => void;
};

export function Header(props: HeaderProps) {
  const { courses, course, canCreate, hasSample = false, onCreated } = props;
  const [isCreating, setCreating] = useState(false);
  return (
    <header className="top">
      <h1>Lectern</h1>
      {courses.length > 0 && (
        <span className="course">
          <select
            id="course"
            aria-label={strings.course}
            value={course?.id ?? ""}
            onChange={(event) => navigate({ view: "course", course: event.target.value })}
          >
            {!course && <option value="">{strings.course}</option>}
            {courses.map(({ id, name }) => (
              <option key={id} value={id} dir="auto">
                {name}
              </option>
            ))}
          </select>
        </span>
      )}
      <span className="spread" />
      {canCreate && courses.length > 0 && (
        <button
          type="button"
          className="quiet"
          aria-label={strings.newCourse}
          title={strings.newCourse}
          onClick={() => setCreating(true)}
        >
          + <span className="wording">{strings.newCourse}</span>
        </button>
      )}
      {courses.length > 1 && (
        <button
          type="button"
          className="quiet"
          onClick={() => navigate({ view: "search", query: "" })}
        >
          {strings.searchAll}
        </button>
      )}
      <SettingsMenu />
      {isCreating && (
        <Dialog label={strings.newCourse} onClose={() => setCreating(false)}>
          <CreateCourse
            hasSample={hasSample}
            onCreated={(created) => {
              setCreating(false);
              onCreated(created);
            }}
          />
        </Dialog>
      )}
    </header>
  );
}

import type { Course } from "@lectern/client";
import { useState } from "react";
import { lectern } from "../server/client";
import { useData } from "../server/use-data";
import { strings } from "../text/strings";

/** The cost of the course so far, and its budget. */
export function CourseCost({ course }: { course: Course }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="cost" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{strings.cost}</summary>
      {isOpen && <Usage course={course} />}
    </details>
  );
}

function Usage({ course: { id, budget } }: { course: Course }) {
  const { data, error } = useData(id, (signal) =>
    lectern.GET("/api/courses/{id}/usage", { params: { path: { id } }, signal }),
  );
  if (!data) return <p className="note">{error ? strings.costHidden : strings.loading}</p>;
  const limits = Object.entries(budget ?? {}).flatMap(([scope, limit]) =>
    limit && Object.keys(limit).length > 0 ? strings.budget(scope, limit) : [],
  );
  return (
    <>
      <p className="note">{strings.usage(data)}</p>
      {limits.map((text) => (
        <p className="note" key={text}>
          {text}
        </p>
      ))}
      {limits.length === 0 && <p className="note">{strings.noBudget}</p>}
    </>
  );
}

import { type Addition, additions } from "../server/additions";
import { strings } from "../text/strings";

/** The files and addresses on their way, and those that were refused. */
export function AdditionsList({ items }: { items: Addition[] }) {
  if (items.length === 0) return null;
  return (
    <ul className="uploads" aria-label={strings.uploading}>
      {items.map(({ id, name, share, problem }) => (
        <li key={id}>
          <span dir="auto">{name}</span>{" "}
          {problem && (
            <span className="problem" role="alert">
              {problem}
            </span>
          )}{" "}
          {problem && additions.canRetry(id) && (
            <button type="button" className="link" onClick={() => additions.retry(id)}>
              {strings.retry}
            </button>
          )}{" "}
          <button
            type="button"
            className="link"
            aria-label={`${problem ? strings.close : strings.cancel}: ${name}`}
            onClick={() => additions.remove(id)}
          >
            {problem ? strings.close : strings.cancel}
          </button>
          {!problem && (
            <progress
              {...(share !== undefined && { value: share })}
              aria-label={`${name}: ${strings.uploading}`}
            />
          )}
        </li>
      ))}
    </ul>
  );
}

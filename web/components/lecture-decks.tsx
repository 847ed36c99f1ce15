import { dataOf, type LectureSlides } from "@lectern/client";
import { useState } from "react";
import { lectern, reasonOf } from "../server/client";
import { useData } from "../server/use-data";
import { strings } from "../text/strings";

/** The slide decks that a lecture shows: suggested, or chosen by hand. */
export function LectureDecks({ lecture_id }: { lecture_id: string }) {
  const params = { path: { id: lecture_id } };
  const { data, error } = useData(lecture_id, (signal) =>
    lectern.GET("/api/lectures/{id}/slides", { params, signal }),
  );
  const [changed, setChanged] = useState<LectureSlides>();
  const [problem, setProblem] = useState<string>();
  const slides = changed ?? data;
  if (!slides) {
    return <p className="note">{error === undefined ? strings.loading : reasonOf(error)}</p>;
  }
  const used = slides.documents.filter((deck) => deck.used).map((deck) => deck.document_id);
  const assign = async (document_ids: string[] | null) => {
    try {
      const body = { document_ids };
      setChanged(await dataOf(lectern.PUT("/api/lectures/{id}/slides", { params, body })));
      setProblem(undefined);
    } catch (error) {
      setProblem(reasonOf(error));
    }
  };
  return (
    <fieldset className="decks">
      <legend>{strings.lectureSlides}</legend>
      {slides.documents.length === 0 && <p className="note">{strings.noDecks}</p>}
      {slides.documents.map(({ document_id, title, filename, used: isUsed }) => (
        <label className="check" key={document_id}>
          <input
            type="checkbox"
            checked={isUsed}
            onChange={() =>
              void assign(
                isUsed ? used.filter((one) => one !== document_id) : [...used, document_id],
              )
            }
          />
          <span dir="auto">{title ?? filename}</span>
        </label>
      ))}
      {slides.mode === "assigned" ? (
        <button type="button" className="link" onClick={() => void assign(null)}>
          {strings.suggestDecks}
        </button>
      ) : (
        <p className="note">{strings.decksSuggested}</p>
      )}
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </fieldset>
  );
}

type SuggestionsProps = { questions: string[]; label?: string; onAsk: (text: string) => void };

/** Questions that the reader can ask with one click. */
export function Suggestions({ questions, label, onAsk }: SuggestionsProps) {
  return (
    <ul className="suggestions" aria-label={label}>
      {questions.map((text) => (
        <li key={text}>
          <button type="button" dir="auto" onClick={() => onAsk(text)}>
            {text}
          </button>
        </li>
      ))}
    </ul>
  );
}

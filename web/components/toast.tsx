type ToastProps = { text: string; action: string; onAction: () => void };

/** A short message with one action. */
export function Toast({ text, action, onAction }: ToastProps) {
  return (
    <div className="toast" role="status">
      {text}{" "}
      <button type="button" onClick={onAction}>
        {action}
      </button>
    </div>
  );
}

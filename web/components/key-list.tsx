import { strings } from "../text/strings";
import { Dialog } from "./dialog";

export function KeyList({ onClose }: { onClose: () => void }) {
  return (
    <Dialog label={strings.keys} onClose={onClose}>
      <h2>{strings.keys}</h2>
      <dl className="keys">
        {strings.keyList.map(([key, action]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{action}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

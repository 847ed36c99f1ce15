import "./first-requests";
import "./no-eval";
import { createRoot } from "react-dom/client";
import { App } from "./components/app";
import { FaultBoundary } from "./components/fault-boundary";
import { hasSharedKey } from "./server/credential";
import { loadProblemTitles } from "./text/problem-titles";
import { language } from "./text/strings";
import { findTheme, showTheme } from "./theme";

// A link that is opened in the tab of another one changes only the fragment, which loads no page.
addEventListener("hashchange", () => {
  if (hasSharedKey()) location.reload();
});
// A file that misses the place for it would replace the page.
const keepPage = (event: DragEvent) => {
  if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
};
addEventListener("dragover", keepPage);
addEventListener("drop", keepPage);
document.documentElement.lang = language;
showTheme(findTheme());
const showPage = () =>
  createRoot(document.getElementById("root")!).render(
    <FaultBoundary>
      <App />
    </FaultBoundary>,
  );
// The titles first: a problem that the page shows keeps its language. No top-level await, because a bundle with one
// starts its modules in another order, and `no-eval` must be before all libraries.
void loadProblemTitles()
  .catch(() => {})
  .then(showPage);

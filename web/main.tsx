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
// Before the page is shown: a problem that it shows keeps its language.
await loadProblemTitles().catch(() => {});
createRoot(document.getElementById("root")!).render(
  <FaultBoundary>
    <App />
  </FaultBoundary>,
);

import "./no-eval";
import { createRoot } from "react-dom/client";
import { App } from "./components/app";
import { takeSharedKey } from "./server/credential";
import { language } from "./text/strings";
import { findTheme, showTheme } from "./theme";

takeSharedKey();
// A link that is opened in the tab of another one changes only the fragment, which loads no page.
addEventListener("hashchange", () => {
  if (takeSharedKey()) location.reload();
});
document.documentElement.lang = language;
showTheme(findTheme());
createRoot(document.getElementById("root")!).render(<App />);

import { useRef, useState } from "react";
import { findKey, removeKey } from "../server/credential";
import { strings, switchLanguage } from "../text/strings";
import { findTheme, switchTheme, THEMES, type Theme } from "../theme";
import { KeyList } from "./key-list";

/** Language, theme, keys and the key of the server. The browser closes it with Esc or a click outside. */
export function SettingsMenu() {
  const [theme, setTheme] = useState(findTheme);
  const [showsKeys, setShowsKeys] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  return (
    <>
      <button
        ref={button}
        type="button"
        className="quiet icon"
        popoverTarget="settings"
        aria-label={strings.settings}
        title={strings.settings}
      >
        ⋯
      </button>
      <div id="settings" className="card settings" popover="auto">
        <label>
          {strings.theme}{" "}
          <select
            value={theme}
            onChange={(event) => {
              const chosen = event.target.value as Theme;
              setTheme(chosen);
              switchTheme(chosen);
            }}
          >
            {THEMES.map((name) => (
              <option key={name} value={name}>
                {strings.themes[name]}
              </option>
            ))}
          </select>
        </label>
        <button type="button" className="quiet" onClick={switchLanguage}>
          {strings.language}
        </button>
        <button type="button" className="quiet" onClick={() => setShowsKeys(true)}>
          {strings.keys}
        </button>
        {findKey() && (
          <button
            type="button"
            className="quiet"
            onClick={() => {
              removeKey();
              location.reload();
            }}
          >
            {strings.signOut}
          </button>
        )}
      </div>
      {showsKeys && (
        <KeyList
          onClose={() => {
            setShowsKeys(false);
            // The menu with the button that opened the list is closed.
            button.current?.focus();
          }}
        />
      )}
    </>
  );
}

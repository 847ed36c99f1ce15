const STORED = "lectern-theme";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** The theme that this browser chose before. */
export function findTheme(): Theme {
  try {
    return THEMES.find((theme) => theme === localStorage.getItem(STORED)) ?? "system";
  } catch {
    return "system";
  }
}

/** Shows a theme, and keeps it for the next visit. */
export function switchTheme(theme: Theme): void {
  showTheme(theme);
  try {
    localStorage.setItem(STORED, theme);
  } catch {
    // Storage can be forbidden. The theme then ends with the page.
  }
}

/** The colours of the page follow `color-scheme`. */
export function showTheme(theme: Theme): void {
  document.documentElement.style.colorScheme = theme === "system" ? "light dark" : theme;
}

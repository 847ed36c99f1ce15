import type { englishSources } from "./english-sources";

const count = (many: number, one: string, more: string) => `${many} ${many === 1 ? one : more}`;
const number = (value: number, digits: number) => value.toFixed(digits).replace(".", ",");
const dollars = (usd: number) => `${number(usd, 2)} USD`;
const hours = (minutes: number) =>
  minutes < 60 ? `${Math.round(minutes)} min` : `${number(minutes / 60, 1)} h`;

export const germanSources: typeof englishSources = {
  dropHere:
    "Folien (PDF), Aufnahmen oder Transkripte (VTT, SRT, TTML, JSON …) hier ablegen, auch ganze Ordner",
  chooseFiles: "Dateien wählen",
  chooseFolder: "Ordner wählen",
  chooseNone: "Keine wählen",
  filesChosen: (names) =>
    names.length <= 3
      ? names.join(", ")
      : `${names.slice(0, 2).join(", ")} und ${names.length - 2} weitere`,
  pasteLinks: "Oder Adressen von Panopto-Aufnahmen oder -Ordnern einfügen, eine je Zeile",
  addLinks: "Adressen hinzufügen",
  countAddresses: (many) => count(many, "Adresse", "Adressen"),
  openSample: "Beispielkurs ausprobieren",
  sampleCourseName: "Einführung in die Informationstheorie (Beispiel)",
  sampleMissing: "Der Beispielkurs lässt sich nicht lesen. Lege stattdessen einen eigenen Kurs an.",
  more: "Mehr",
  rename: "Umbenennen",
  newTitle: "Neuer Titel",
  lectureSlides: "Folien dieser Vorlesung",
  noDecks: "Der Kurs hat noch keine Folien. Füge zuerst ein PDF hinzu.",
  suggestDecks: "Wieder automatisch wählen",
  decksSuggested: "Automatisch gewählt. Deine Wahl ersetzt das.",
  uploadInstead: "Stattdessen Ton oder Transkript hochladen",
  pages: (many) => count(many, "Seite", "Seiten"),
  minutes: (many) => hours(many),
  cost: "Kosten",
  costHidden: "Die Kosten lassen sich mit diesem Schlüssel nicht zeigen.",
  usage: ({ audio_minutes, pages, usd }) =>
    audio_minutes + pages + usd === 0
      ? "Bisher wurde nichts bezahlt."
      : `Bezahlt: ${dollars(usd)} für ${hours(audio_minutes)} Ton und ${count(Math.round(pages), "Seite", "Seiten")}.`,
  noBudget: "Kein eigenes Budget. Es gelten die Grenzen des Servers.",
  budget: (scope, { audio_minutes, pages, usd }) => {
    const limits = [
      ...(usd === undefined ? [] : [dollars(usd)]),
      ...(audio_minutes === undefined ? [] : [`${hours(audio_minutes)} Ton`]),
      ...(pages === undefined ? [] : [count(pages, "Seite", "Seiten")]),
    ];
    const scopes: Record<string, string> = {
      asset: "je Quelle",
      course: "für den Kurs",
      day: "für einen Tag",
    };
    return `Budget ${scopes[scope] ?? scope}: ${limits.join(", ")}.`;
  },
  importFolder: "Panopto-Ordner importieren",
  importSummary: (recordings, { audio_minutes, usd }) =>
    `${count(recordings, "Aufnahme", "Aufnahmen")}, ${hours(audio_minutes)}. Erwartete Kosten: ${
      usd === null ? "unbekannt" : dollars(usd)
    }.`,
  overBudget: "Das übersteigt das Budget: der Import hält dort an.",
  recordings: "Aufnahmen zeigen",
  importDaily: "Jeden Tag nach neuen Aufnahmen suchen",
  importNow: "Importieren",
  imports: "Importierte Ordner",
  importStates: {
    waiting: "wartet",
    syncing: "Liste wird gelesen",
    ready: "aktuell",
    failed: "fehlgeschlagen",
  },
  importCounts: ({ found, completed, failed }) =>
    `${completed} von ${found} fertig${failed > 0 ? `, ${failed} fehlgeschlagen` : ""}`,
  importSync: "Jetzt nach neuen Aufnahmen suchen",
  importStop: "Nicht mehr importieren",
  failures: {
    cancelled: "Du hast es abgebrochen.",
    panopto_login_required:
      "Panopto verlangt eine Anmeldung. Lade stattdessen den Ton hoch, oder frage den Betreiber.",
    panopto_session_not_found:
      "Panopto hat unter dieser Adresse keine Aufnahme. Prüfe sie im Browser.",
    panopto_no_streams: "Panopto nennt keinen Ton dazu. Lade stattdessen den Ton hoch.",
    panopto_refused:
      "Panopto hat sie verweigert. Frage den Besitzer, oder lade stattdessen den Ton hoch.",
    media_refused: "Panopto gibt sie nicht heraus. Lade stattdessen den Ton hoch.",
    fetch_timeout:
      "Das Laden dauerte zu lange. Wiederhole es später, oder lade stattdessen den Ton hoch.",
    fetch_interrupted:
      "Das Laden brach ab. Wiederhole es später, oder lade stattdessen den Ton hoch.",
    recording_without_sound: "Sie hat keinen Ton. Lade stattdessen Ton oder ein Transkript hoch.",
    recording_without_speech: "Niemand spricht darin, deshalb gibt es kein Transkript.",
    audio_invalid: "Die Datei ist kein Ton oder beschädigt. Lade sie in einem anderen Format hoch.",
    transcriber_missing:
      "Sie hat keine Untertitel, und der Server hat kein Sprachmodell. Lade stattdessen ein Transkript hoch.",
    pdf_encrypted: "Das PDF hat ein Passwort. Entferne es, und lade die Datei noch einmal hoch.",
    pdf_invalid: "Die Datei ist kein lesbares PDF. Exportiere sie noch einmal.",
    document_without_text: "Keine Seite hat Wörter, nach denen man suchen kann.",
    budget_exceeded: "Das Budget ist aufgebraucht. Erhöhe es, dann setze fort.",
    provider_quota_exceeded: "Das Konto beim Anbieter ist aufgebraucht. Frage den Betreiber.",
    provider_unauthorized: "Ein Anbieter lehnt den Schlüssel des Servers ab. Frage den Betreiber.",
  },
  otherConversations: "Gespräche anderer Browser zeigen",
  whatIsWrong: "Was stimmt nicht?",
  feedbackReasons: {
    wrong: "Sie ist falsch",
    incomplete: "Etwas fehlt",
    not_in_course: "Das steht nicht im Kurs",
    wrong_citation: "Eine Quelle passt nicht",
    unclear: "Sie ist schwer zu verstehen",
    other: "Etwas anderes",
  },
};

/** The amounts that providers bill. */
export type Amounts = { audio_minutes: number; pages: number; usd: number };
export type Expected = { audio_minutes: number; usd: number | null };
type ImportCounts = { found: number; imported: number; completed: number; failed: number };

const count = (many: number, one: string, more = `${one}s`) => `${many} ${many === 1 ? one : more}`;
const dollars = (usd: number) => `${usd.toFixed(2)} USD`;
const hours = (minutes: number) =>
  minutes < 60 ? `${Math.round(minutes)} min` : `${(minutes / 60).toFixed(1)} h`;

/** The texts about the sources of a course. */
export const englishSources = {
  dropHere:
    "Drop slides (PDF), recordings or transcripts (VTT, SRT, TTML, JSON …) here, or whole folders",
  chooseFiles: "Choose files",
  chooseFolder: "Choose a folder",
  chooseNone: "Choose none",
  filesChosen: (names: string[]) =>
    names.length <= 3
      ? names.join(", ")
      : `${names.slice(0, 2).join(", ")} and ${names.length - 2} more`,
  pasteLinks: "Or paste addresses of Panopto recordings or folders, one in each line",
  addLinks: "Add addresses",
  countAddresses: (many: number) => count(many, "address", "addresses"),
  openSample: "Try the sample course",
  sampleCourseName: "Introduction to information theory (sample)",
  sampleMissing: "The sample course cannot be read. Make your own course instead.",
  more: "More",
  rename: "Rename",
  newTitle: "New title",
  lectureSlides: "Slides of this lecture",
  noDecks: "The course has no slides yet. Add a PDF first.",
  suggestDecks: "Choose automatically again",
  decksSuggested: "Chosen automatically. Your choice replaces it.",
  uploadInstead: "Upload audio or a transcript instead",
  pages: (many: number) => count(many, "page"),
  minutes: (many: number) => hours(many),
  cost: "Cost",
  costHidden: "The cost cannot be shown with this key.",
  usage: ({ audio_minutes, pages, usd }: Amounts) =>
    audio_minutes + pages + usd === 0
      ? "Nothing was paid so far."
      : `Paid: ${dollars(usd)} for ${hours(audio_minutes)} of audio and ${count(Math.round(pages), "page")}.`,
  noBudget: "No budget of its own. The limits of the server apply.",
  budget: (scope: string, { audio_minutes, pages, usd }: Partial<Amounts>) => {
    const limits = [
      ...(usd === undefined ? [] : [dollars(usd)]),
      ...(audio_minutes === undefined ? [] : [`${hours(audio_minutes)} of audio`]),
      ...(pages === undefined ? [] : [count(pages, "page")]),
    ];
    const scopes: Record<string, string> = {
      asset: "for each source",
      course: "for the course",
      day: "for a day",
    };
    return `Budget ${scopes[scope] ?? scope}: ${limits.join(", ")}.`;
  },
  importFolder: "Import a Panopto folder",
  importSummary: (recordings: number, { audio_minutes, usd }: Expected) =>
    `${count(recordings, "recording")}, ${hours(audio_minutes)}. Expected cost: ${
      usd === null ? "unknown" : dollars(usd)
    }.`,
  overBudget: "This exceeds the budget: the import will pause there.",
  recordings: "Show the recordings",
  importDaily: "Look for new recordings every day",
  importNow: "Import",
  imports: "Imported folders",
  importStates: {
    waiting: "waiting",
    syncing: "reading the list",
    ready: "up to date",
    failed: "failed",
  } as Record<string, string>,
  importCounts: ({ found, completed, failed }: ImportCounts) =>
    `${completed} of ${found} ready${failed > 0 ? `, ${failed} failed` : ""}`,
  importSync: "Look for new recordings now",
  importStop: "Stop importing",
  /** Why a source failed, by the code of the error. Other codes have a text of the server. */
  failures: {
    cancelled: "You cancelled it.",
    panopto_login_required:
      "Panopto asks for a login. Upload the audio instead, or ask the operator.",
    panopto_session_not_found: "Panopto has no recording at this address. Check it in the browser.",
    panopto_no_streams: "Panopto lists no audio for it. Upload the audio instead.",
    panopto_refused: "Panopto refused it. Ask its owner, or upload the audio instead.",
    media_refused: "Panopto does not hand it out. Upload the audio instead.",
    fetch_timeout: "The download took too long. Retry later, or upload the audio instead.",
    fetch_interrupted: "The download broke off. Retry later, or upload the audio instead.",
    recording_without_sound: "It has no sound. Upload the audio or a transcript instead.",
    recording_without_speech: "It has no speech, so there is no transcript.",
    audio_invalid: "The file is not audio, or it is damaged. Upload it in another format.",
    transcriber_missing:
      "It has no captions, and the server has no speech model. Upload a transcript instead.",
    pdf_encrypted: "The PDF has a password. Remove it, and upload the file again.",
    pdf_invalid: "The file is not a readable PDF. Export it again.",
    document_without_text: "No page has words to search for.",
    budget_exceeded: "The budget is used up. Raise it, then continue.",
    provider_quota_exceeded: "The account at the provider is used up. Ask the operator.",
    provider_unauthorized: "A provider refuses the key of the server. Ask the operator.",
  } as Record<string, string>,
  otherConversations: "Show conversations of other browsers",
  whatIsWrong: "What is wrong?",
  feedbackReasons: {
    wrong: "It is wrong",
    incomplete: "Something is missing",
    not_in_course: "It is not in the course",
    wrong_citation: "A source does not fit",
    unclear: "It is hard to understand",
    other: "Something else",
  },
};

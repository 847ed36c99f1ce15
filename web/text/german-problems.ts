import type { Problem } from "@lectern/client";

/** The titles of src/errors.ts in German. */
export const germanProblems: Record<Problem["code"], string> = {
  request_invalid: "Eine Angabe der Anfrage passt nicht",
  body_malformed: "Die Anfrage ist beschädigt: Sende sie noch einmal",
  content_type_invalid: "Diese Art von Inhalt wird hier nicht angenommen",
  body_too_complex: "Die Anfrage hat mehr Werte als erlaubt: Sende weniger auf einmal",
  content_encoding_invalid: "Sende die Anfrage ohne Kompression",
  body_too_slow:
    "Die Anfrage kam zu langsam an: Sende sie noch einmal über eine schnellere Verbindung",
  body_too_large: "Das ist größer als erlaubt: Sende weniger auf einmal",
  method_not_allowed: "Diese Adresse kennt die Methode nicht",
  origin_not_allowed:
    "Seiten dieser Herkunft sind nicht erlaubt: Der Betreiber muss sie in CORS_ORIGINS aufnehmen",
  unauthenticated: "Der Server verlangt einen gültigen Schlüssel",
  forbidden: "Dieser Schlüssel erlaubt das nicht: Bitte um einen mit dem nötigen Recht",
  key_not_found: "Diesen Schlüssel gibt es nicht",
  identity_provider_unavailable:
    "Der Anmeldedienst ist nicht erreichbar: Versuche es bald noch einmal",
  host_not_allowed:
    "Der Server benutzt diesen Hostnamen nicht: Öffne ihn als localhost, oder setze PUBLIC_URL",
  rate_limited: "Zu viele Anfragen: Warte kurz, dann versuche es noch einmal",
  too_many_at_once: "Zu viele Antworten oder Uploads gleichzeitig: Warte, bis einer fertig ist",
  range_not_satisfiable: "Die Datei endet vor dem verlangten Teil",
  route_not_found: "Diese Adresse gibt es nicht",
  course_not_found: "Diesen Kurs gibt es nicht",
  document_not_found: "Diese Folien gibt es nicht",
  lecture_not_found: "Diese Vorlesung gibt es nicht",
  user_not_found: "Diese Person gibt es nicht",
  not_released: "Seiten dieser Folien sind noch nicht freigegeben",
  session_not_found: "Dieses Gespräch gibt es nicht",
  webhook_not_found: "Diesen Webhook gibt es nicht",
  message_not_found: "Diese Antwort gibt es nicht",
  source_not_found: "Der Kurs hat diese Quelle nicht",
  job_not_found: "Diese Aufgabe gibt es nicht",
  version_not_found: "Diese Fassung der Folien gibt es nicht",
  page_not_found: "Diese Seite gibt es nicht",
  not_retryable: "Nur was fehlgeschlagen ist oder wartet, kann wiederholt werden",
  not_hurryable: "Hier wartet nichts: Die Arbeit läuft, ist fertig oder angehalten",
  not_cancellable: "Es läuft keine Arbeit, die man abbrechen kann",
  idempotency_key_in_use: "Die erste gleiche Anfrage läuft noch: Warte auf ihre Antwort",
  idempotency_key_reused: "Dieser Schlüssel gehört zu einer anderen Anfrage: Nimm einen neuen",
  message_invalid: "Eine Nachricht der Warteschlange enthält keine gültige Aufgabe",
  worker_crashed:
    "Die Verarbeitung ist mehrmals abgestürzt, wahrscheinlich wegen der Datei: Versuche eine andere Kopie",
  claim_lost: "Ein anderer Prozess hat diese Aufgabe übernommen",
  asset_deleted: "Die Quelle wurde während der Verarbeitung gelöscht",
  cancelled: "Die Verarbeitung wurde abgebrochen",
  database_older:
    "Eine frühere Version von Lectern hat diese Datenbank angelegt: Rufe ./lectern migrate auf, oder starte den Server",
  database_newer: "Eine neuere Version von Lectern hat diese Datenbank verändert",
  database_foreign: "Die Datenbank hat Tabellen eines anderen Programms",
  migration_changed: "Eine angewandte Migration ist anders als ihre Datei",
  document_file_missing:
    "Die Datei der Folien fehlt auf dem Server: Lösche die Folien, und lade sie noch einmal hoch",
  audio_file_missing:
    "Der hochgeladene Ton fehlt auf der Maschine, die ihn verarbeitet: Lade ihn noch einmal hoch",
  storage_full: "Der Speicherplatz des Servers ist voll: Frage den Betreiber",
  storage_unavailable:
    "Der Server kann seine Dateien nicht lesen oder schreiben: Frage den Betreiber",
  pdf_invalid: "Die Datei ist kein lesbares PDF: Drucke sie in ein neues PDF, und lade das hoch",
  pdf_encrypted: "Das PDF verlangt ein Passwort: Speichere eine Kopie ohne, und lade die hoch",
  pdf_empty: "Das PDF hat keine Seiten: Exportiere es noch einmal, und lade das hoch",
  pdf_too_many_pages: "Das PDF hat mehr Seiten als erlaubt: Teile es auf",
  pdf_too_complex:
    "Das PDF braucht mehr Speicher oder Zeit als erlaubt: Drucke es in ein neues PDF, und lade das hoch",
  pdf_reader_killed:
    "Das Programm, das PDFs liest, wurde von außen beendet, zum Beispiel aus Mangel an Speicher: Versuche es noch einmal",
  document_without_text:
    "Keine Seite hat Wörter, nach denen man suchen kann: Frage den Betreiber nach einer Texterkennung",
  document_duplicate:
    "Andere Folien des Kurses haben diese Datei schon: Lösche sie, oder ersetze jene",
  lecture_busy:
    "Diese Vorlesung wird gerade verarbeitet: Warte, bis das fertig ist, oder brich es ab",
  no_recording: "Diese Vorlesung hat keine Aufnahme: Lade ihren Ton oder ein Transkript hoch",
  document_busy: "Diese Folien werden gerade verarbeitet: Versuche es danach noch einmal",
  page_render_failed: "Die Seite kann nicht gezeigt werden: Öffne das PDF",
  audio_invalid: "Die Datei ist kein Ton: Sende mp3, m4a, wav oder ein anderes Tonformat",
  audio_extraction_failed:
    "Der Ton der Aufnahme kann nicht gelesen werden: Lade ihn in einem anderen Format hoch",
  recording_incomplete:
    "Die Aufnahme ist kürzer, als sie sein sollte: Prüfe, ob sie bis zum Ende läuft, oder lade den Ton hoch",
  recording_without_sound: "Die Aufnahme hat keinen Ton: Lade ihn oder ein Transkript hoch",
  recording_too_long: "Die Aufnahme ist länger als erlaubt: Teile sie, und lade die Teile hoch",
  tool_missing: "Auf dem Server fehlt ein Programm für Medien: ./lectern doctor nennt es",
  tool_killed: "Ein Programm für Medien überschritt seine Grenzen oder wurde von außen beendet",
  provider_unauthorized: "Ein Anbieter lehnt den Schlüssel des Servers ab: Frage den Betreiber",
  provider_quota_exceeded: "Das Konto beim Anbieter ist aufgebraucht: Frage den Betreiber",
  provider_rate_limited:
    "Ein Anbieter bittet um eine Pause: Versuche es in einer Minute noch einmal",
  provider_busy: "Ein Anbieter ist gerade überlastet: Versuche es in einer Minute noch einmal",
  provider_unavailable:
    "Ein Anbieter antwortet nicht, oder seine Antwort brach ab: Versuche es in einer Minute noch einmal",
  provider_answer_invalid:
    "Die Antwort eines Anbieters ist unbrauchbar: Versuche es noch einmal, oder wähle ein anderes Modell",
  provider_answer_unusable:
    "Ein Anbieter hat zweimal Unbrauchbares geantwortet: Wähle ein anderes Modell, dann wiederhole es",
  provider_waiting: "Die Arbeit wartet auf einen Anbieter",
  budget_exceeded: "Das Budget ist aufgebraucht: Erhöhe es, dann setze fort",
  not_paused: "Nur was angehalten ist, kann fortgesetzt werden",
  provider_request_refused: "Ein Anbieter hat die Anfrage abgelehnt",
  address_blocked:
    "Diese Adresse ist nicht erlaubt: Nimm deine Panopto-Seite, oder lade den Ton hoch",
  fetch_timeout:
    "Ein Server brauchte zu lange: Versuche es später noch einmal, oder lade den Ton hoch",
  fetch_interrupted:
    "Ein Server brach die Übertragung ab: Versuche es später noch einmal, oder lade den Ton hoch",
  fetch_too_large: "Ein Server sandte mehr als erlaubt: Lade den Ton hoch",
  recording_not_ready:
    "Die Aufnahme läuft noch oder wird verarbeitet: Versuche es, wenn sie bis zum Ende abgespielt werden kann",
  recording_processing: "Panopto verarbeitet die Aufnahme noch: Es geht danach von selbst weiter",
  recording_unsupported: "Diese Art von Aufnahme kann hier nicht gelesen werden: Lade den Ton hoch",
  media_refused:
    "Panopto gibt die Aufnahme nicht heraus: Prüfe die Anmeldung, oder lade den Ton hoch",
  panopto_url_invalid:
    "Das ist nicht die Adresse einer Aufnahme von Panopto: Öffne sie im Browser, und kopiere die Adresse",
  panopto_url_not_a_session:
    "Diese Adresse nennt einen Ordner oder eine Liste: Öffne eine Aufnahme, und kopiere ihre Adresse",
  panopto_collection_invalid:
    "Das ist nicht die Adresse eines Ordners oder Podcasts von Panopto: Öffne den Ordner im Browser, und kopiere die Adresse",
  panopto_collection_unreadable:
    "Die Liste der Aufnahmen von Panopto kann nicht gelesen werden: Prüfe den Ordner im Browser",
  panopto_login_required:
    "Panopto verlangt eine Anmeldung: Frage den Betreiber, oder lade den Ton hoch",
  panopto_session_not_found:
    "Panopto hat unter dieser Adresse keine Aufnahme: Prüfe sie im Browser",
  panopto_no_streams: "Panopto nennt weder Ton noch Bild dieser Aufnahme: Lade den Ton hoch",
  panopto_refused:
    "Panopto hat die Aufnahme verweigert: Frage ihren Besitzer, oder lade den Ton hoch",
  transcriber_missing:
    "Es gibt keine Untertitel, und der Server hat kein Sprachmodell: Lade ein Transkript hoch, oder frage den Betreiber",
  recording_without_speech:
    "Die Aufnahme hat keine Sprache, deshalb gibt es kein Transkript: Lade eines hoch, wenn du Sprache erwartest",
  transcription_not_wanted: "Es wurde kein Transkript verlangt",
  sound_gone: "Der hochgeladene Ton wurde entfernt: Lade ihn noch einmal oder ein Transkript hoch",
  transcript_not_ready: "Es gibt noch kein Transkript",
  answer_not_running: "Hier wird keine Antwort geschrieben: Stelle die Frage noch einmal",
  answer_withheld:
    "Der Anbieter des Sprachmodells hält die Antwort zurück: Formuliere die Frage anders",
  chat_failed: "Die Antwort brach ab: Frage noch einmal",
  resume_invalid: "Die Antwort passt zu keiner offenen Rückfrage des Gesprächs",
  chat_interrupted: "Die Antwort wurde unterbrochen: Frage noch einmal",
  transcript_invalid:
    "Das Transkript kann nicht gelesen werden: Sende WebVTT, SRT, TTML oder ein anderes angenommenes Format, mit Zeiten",
  correction_conflict:
    "Das Transkript hat an dieser Stelle andere Wörter: Lies es noch einmal, dann korrigiere es",
  correction_not_found: "Diese Korrektur gibt es nicht, oder sie ist zurückgenommen",
  embedding_model_unavailable:
    "Der Server kann das Modell dieses Kurses nicht benutzen: Frage den Betreiber",
  too_many_corrections:
    "Es gibt zu viele Korrekturen: Nimm einige zurück, oder lade ein korrigiertes Transkript hoch",
  exam_without_questions:
    "Der Kurs hat noch keinen Stoff für Fragen: Warte, bis seine Dateien verarbeitet sind",
  exam_not_worse: "Die letzte Prüfung dieses Kurses ist nicht schlechter als die vorige",
  exam_running: "Die Prüfung dieses Kurses läuft: Warte auf ihr Ergebnis",
  model_worse: "Mit diesem Modell wäre die Suche schlechter: Es wurde nichts umgestellt",
  evaluation_set_invalid: "Die Fragen der Auswertung können nicht gelesen werden",
  file_not_written:
    "Die Datei kann nicht geschrieben werden: Ordner, Rechte und freien Platz prüfen",
  nothing_to_roll_back: "Es gibt keinen früheren Stand, der zurückgeholt werden kann",
  backup_not_found: "Diese Sicherung gibt es nicht: ./lectern backup --list zeigt sie",
  backup_damaged: "Die Sicherung ist beschädigt oder unvollständig: Nimm eine andere",
  backup_incompatible:
    "Diese Version von Lectern kann die Sicherung nicht laden: Nimm die Version, die sie gemacht hat, oder eine spätere",
  backup_place_unavailable:
    "Der Ort der Sicherungen ist nicht benutzbar: Prüfe, ob es ihn gibt, seine Rechte und seinen freien Platz",
  backup_running: "Eine Sicherung läuft: Warte, bis sie fertig ist",
  restore_not_empty:
    "Eine Sicherung wird nur in eine leere Installation geladen: Nimm eine neue Datenbank und ein neues DATA_ROOT",
  restore_busy:
    "Ein anderer Prozess benutzt diese Datenbank: Beende zuerst alle Server dieser Installation",
  config_invalid: "Die Einstellungen des Servers sind nicht brauchbar: Korrigiere sie",
  database_unavailable: "Die Datenbank ist nicht erreichbar: Versuche es bald noch einmal",
  database_not_opened: "Die eingebaute Datenbank lässt sich nicht öffnen",
  database_locked: "Ein anderer Prozess benutzt diesen Datenordner",
  internal: "Im Server ist etwas schiefgegangen: Versuche es noch einmal",
};

/** Generated from docs/openapi.json: run `bun scripts/dump-openapi.ts`. Do not edit. */
export interface paths {
    "/api/agui/config": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the settings of the chat page; they contain no secrets */
        get: operations["getChatPageSettings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List audit events, newest first
         * @description Keys, share links, signed addresses, deletions, exports, changed budgets and refused requests. Events have ids only, never keys, questions or texts.
         */
        get: operations["listAuditEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/backups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List backups, newest first */
        get: operations["listBackups"];
        put?: never;
        /**
         * Start a backup of all rows and files
         * @description The archive is stored in BACKUP_TO, and older ones than BACKUP_KEEP are removed there. See docs/backup.md.
         */
        post: operations["startBackup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/backups/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a backup, running or ended */
        get: operations["getBackup"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ask, and get the whole answer as one JSON object */
        post: operations["ask"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chat/capabilities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the agent's capabilities, in AG-UI's form */
        get: operations["getCapabilities"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chat/messages/{id}/feedback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Rate an answer, or one of its citations
         * @description Each person has one rating for an answer and one for each citation; a later one replaces it. The answer is stored as it is now, so the rating stays when the answer is generated again.
         */
        post: operations["giveFeedback"];
        /** Withdraw a rating of an answer, or of the named citation */
        delete: operations["withdrawFeedback"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chat/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a course's conversations, newest first
         * @description Users of the institution's login: their own. With an API key: those of the user in `X-User-Id`, or without that header those without a user. Administrators: all. Teachers: all, without names, if TEACHERS_SEE_QUESTIONS is true.
         */
        get: operations["listSessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chat/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a conversation with its messages */
        get: operations["getSession"];
        put?: never;
        post?: never;
        /** Delete a conversation permanently */
        delete: operations["deleteSession"];
        options?: never;
        head?: never;
        /** Rename a conversation */
        patch: operations["renameSession"];
        trace?: never;
    };
    "/api/chat/sessions/{id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Export a conversation as Markdown with links to its sources */
        get: operations["exportSession"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chat/sessions/{id}/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stop the answer that is being written in a conversation
         * @description Stops the model at once and stores the partial answer. Needed only for runs with `linger_ms`; others stop when their last reader disconnects.
         */
        post: operations["stopAnswer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chat/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ask, and stream the answer as AG-UI events */
        post: operations["streamAnswer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/courses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List courses, newest first */
        get: operations["listCourses"];
        put?: never;
        /** Create a course */
        post: operations["createCourse"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/courses/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a course */
        get: operations["getCourse"];
        put?: never;
        post?: never;
        /** Delete a course and everything in it */
        delete: operations["deleteCourse"];
        options?: never;
        head?: never;
        /**
         * Change a course's name, description, budget or use of terms
         * @description A change of the budget needs the scope admin.
         */
        patch: operations["updateCourse"];
        trace?: never;
    };
    "/api/courses/{id}/assets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List a course's lectures and documents with their progress */
        get: operations["listCourseAssets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/courses/{id}/exam": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the last result of a course's exam */
        get: operations["getExam"];
        put?: never;
        /**
         * Take the exam of a course
         * @description Asks questions about the material of the course, about corrected words and well rated answers, and questions that it does not cover, and compares the result with the last run. It takes seconds to minutes; each question costs one answer of the configured model, which also writes questions about files that have none of it, once. Ending the request cancels the exam. Lectern takes exams by itself too (AUTO_EXAMS); only one of a course runs at a time.
         */
        post: operations["takeExam"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/courses/{id}/exam/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Accept that a course's last exam is worse
         * @description After a change that was wanted: later exams are compared with this one, and the course no longer counts in `lectern_courses_with_worse_exam`. A run that is already accepted stays as it is.
         */
        post: operations["acceptExam"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/courses/{id}/feedback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export the ratings of a course, newest first, without names
         * @description Administrators, and teachers if TEACHERS_SEE_QUESTIONS is true, also get the questions and answers.
         */
        get: operations["listFeedback"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/courses/{id}/question-groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List questions of students without a good answer, in groups
         * @description Refused and badly rated questions, grouped by their words. A group is shown if three or more people asked; people without a name (no login, no `X-User-Id`) count as one. Examples are shown to administrators, and to teachers if TEACHERS_SEE_QUESTIONS is true.
         */
        get: operations["listQuestionGroups"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/courses/{id}/sources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the sources of a course, newest first, with their progress */
        get: operations["listSources"];
        put?: never;
        /**
         * Import all recordings of a Panopto folder, its podcast feed, or a list of addresses
         * @description `dry_run=true` lists the recordings that an import would add. Each recording becomes one lecture of the course, however often it is imported. If the course has this source already, the answer is 200, and it is synchronised again. `GET …/sources/{source_id}` shows the progress.
         */
        post: operations["importSource"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/courses/{id}/sources/{source_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a source with the progress of each recording */
        get: operations["getSource"];
        put?: never;
        post?: never;
        /** Stop importing from a source; its lectures stay */
        delete: operations["deleteSource"];
        options?: never;
        head?: never;
        /** Change how often a source is synchronised */
        patch: operations["updateSource"];
        trace?: never;
    };
    "/api/courses/{id}/sources/{source_id}/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Look for new recordings now, and import them */
        post: operations["syncSource"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/courses/{id}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the cost of a course at the providers
         * @description The sums include deleted, hidden and personal material.
         */
        get: operations["getCourseUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List documents, newest first */
        get: operations["listDocuments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a document with its status and counts */
        get: operations["getDocument"];
        put?: never;
        post?: never;
        /** Delete a document with all its versions and files */
        delete: operations["deleteDocument"];
        options?: never;
        head?: never;
        /**
         * Change the title of a document, when students see it or some of its pages, and who owns it
         * @description Ranges of pages hold for all versions. While a page is hidden, students do not get the PDF.
         */
        patch: operations["updateDocument"];
        trace?: never;
    };
    "/api/documents/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancel the processing of a document; retry starts it again */
        post: operations["cancelDocument"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{id}/chunks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List a document's chunks in order */
        get: operations["listChunks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{id}/describe": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Describe a document's pages now and wait for the result
         * @description Existing descriptions are kept unless `force` is true. Questions are answered from the former descriptions until the new ones are embedded. Closing the connection cancels the work; pages described until then are kept.
         */
        post: operations["describeDocument"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the events of a document, oldest first */
        get: operations["listDocumentEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{id}/file": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the PDF of the current version as it was uploaded
         * @description Supports Range, HEAD and If-None-Match. The ETag is the file's SHA-256.
         */
        get: operations["getDocumentFile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{id}/hurry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Process a waiting document next, without its delay */
        post: operations["hurryDocument"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{id}/pages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List a document's described pages */
        get: operations["listPages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{id}/pages/{page_number}/image": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a page as an image */
        get: operations["getPageImage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{id}/pages/{page_number}/moments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List all moments at which lectures show a page
         * @description By lecture and time. A page that a lecture shows twice has two moments.
         */
        get: operations["listPageMoments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{id}/pages/{page_number}/text": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the words of a page with their places on its image
         * @description To mark cited words. Texts that only a model or OCR has read are not among them.
         */
        get: operations["getPageText"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Continue a paused document after its budget was raised */
        post: operations["resumeDocument"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Retry a failed document; finished steps are not repeated
         * @description A document that waits for its next attempt is processed next.
         */
        post: operations["retryDocument"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{id}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a document's job progress */
        get: operations["getDocumentStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{id}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the cost of a document at the providers */
        get: operations["getDocumentUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the versions of a document, newest upload first
         * @description While a job describes the current file again, that file is listed twice: as `current` and as `building`.
         */
        get: operations["listVersions"];
        put?: never;
        /**
         * Upload a new version of a document's PDF
         * @description Questions are answered from the current version until the new one is complete; then it takes over at once. The newest upload wins: an older one that is still being processed stops. Citations of a replaced version still open its page. If the document already has these bytes, the answer is 200 and nothing changes; bytes of a replaced version make that version current again.
         */
        post: operations["uploadVersion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{id}/versions/{sha256}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a version by its checksum
         * @description Shows whether the version that a citation quotes is `current` or `replaced`.
         */
        get: operations["getVersion"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{id}/versions/{sha256}/file": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the PDF of one version, also of a replaced one
         * @description Supports Range, HEAD and If-None-Match. The ETag is the file's SHA-256.
         */
        get: operations["getVersionFile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/{id}/versions/{sha256}/pages/{page_number}/image": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a page of one version as an image, also of a replaced version */
        get: operations["getVersionPageImage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/upload": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Upload a PDF and queue its ingestion
         * @description If the course already has a document with the same bytes, the answer is 200 with that document, and its release stays as it is. With `visible_from` or `page_releases`, students never see the hidden pages before their time.
         */
        post: operations["uploadDocument"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/documents/upload-folder": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Upload a folder of PDFs and queue their ingestion
         * @description One request with many files. A bad file does not reject the others: each file has its own result. The answer is 202 if a document was created, else 200. Folders in filenames are shown, and have no other effect.
         */
        post: operations["uploadDocumentFolder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow new events (server-sent events)
         * @description The data of each message is one ProcessingEvent. `Last-Event-ID` resumes without a gap. The server can end the feed with a message of type `end`: reconnect then.
         */
        get: operations["followEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Check the database, storage, queue, workers, providers and disk
         * @description 503 when the process is not ready, as `/api/health/ready` reports it. Other failed checks make the status degraded.
         */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Check that this process answers
         * @description Checks nothing else, so that a database outage does not restart the process.
         */
        get: operations["getLiveness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Check that this process can do its work
         * @description 503 without the database, without the storage of the uploads, and when the disk has less free space than the largest upload needs. A process that only runs workers also needs a running one.
         */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List jobs, newest first */
        get: operations["listJobs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/jobs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a job with its history
         * @description The id is that of a job, or of a lecture or document for its newest job.
         */
        get: operations["getJob"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/jobs/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let the queue continue after a restore
         * @description After a restore no job begins, no source is synchronised, no webhook is sent and no old data is deleted. Check the restored data first.
         */
        post: operations["resumeQueue"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the API keys, newest first, without their secrets */
        get: operations["listKeys"];
        put?: never;
        /**
         * Create an API key
         * @description After the first key was created, AUTH=auto asks for a key on loopback addresses too.
         */
        post: operations["createKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke an API key
         * @description Effective at once on this process and within 10 seconds on others. Running streams of the key end.
         */
        delete: operations["revokeKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys/{key_id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replace an API key; the old one stays valid for a while
         * @description The new key has the name, scopes, courses, rate and lifetime of the old one.
         */
        post: operations["rotateKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lectures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List lectures, newest first */
        get: operations["listLectures"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lectures/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a lecture with its job, its flags and the start of its transcript */
        get: operations["getLecture"];
        put?: never;
        post?: never;
        /** Delete a lecture with its transcript and chunks */
        delete: operations["deleteLecture"];
        options?: never;
        head?: never;
        /** Change the title of a lecture, when students see it, and who owns it */
        patch: operations["updateLecture"];
        trace?: never;
    };
    "/api/lectures/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancel the processing of a lecture; retry starts it again */
        post: operations["cancelLecture"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lectures/{id}/chapters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the chapters of a lecture, as JSON or WebVTT
         * @description From the confident part of the timeline: continued slides are one chapter, and a slide that is shown for less than 30 seconds belongs to the chapter before it. Chapters cover the lecture without gaps. Without a confident timeline they are the slide titles of the recording, and without those the list is empty. Titles of pages that are not released are not shown. `format=vtt` is for `<track kind="chapters">`.
         */
        get: operations["listLectureChapters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lectures/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the events of a lecture, oldest first */
        get: operations["listLectureEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lectures/{id}/hurry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Process a waiting lecture next, without its delay */
        post: operations["hurryLecture"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lectures/{id}/quality": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the parts of a lecture that need a check
         * @description Uncertain stretches of the timeline, gaps in the speech, words that the slides do not have, and captions that are too fast to read. Speech and slides that are not released are left out. Transcripts store no confidence of words. Rare words are estimated by the vocabulary of a tokenizer and are most exact in English.
         */
        get: operations["getLectureQuality"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lectures/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Continue a paused lecture after its budget was raised */
        post: operations["resumeLecture"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lectures/{id}/retranscribe": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Transcribe a lecture again, from its recording or from the audio in the body
         * @description Questions are answered from the former transcript until the new one is complete; then it takes over at once. If the job fails, is cancelled or finds no speech, the former one stays. The answer is 200 if a job makes the transcript already. Uploaded audio is removed when its lecture is complete, so send it again in a form. `dry_run` states the cost.
         */
        post: operations["retranscribeLecture"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lectures/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Retry a failed lecture; finished steps are not repeated
         * @description A lecture that waits for its next attempt is processed next.
         */
        post: operations["retryLecture"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lectures/{id}/slides": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the decks of a lecture, and the suggested ones with their scores */
        get: operations["getLectureSlides"];
        /**
         * Assign decks to a lecture, or return to the suggested ones
         * @description The timeline is computed again within seconds; `pending` is true until then.
         */
        put: operations["assignLectureSlides"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lectures/{id}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a lecture's status and the progress of its job */
        get: operations["getLectureStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lectures/{id}/timeline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get which slide a lecture shows at each moment
         * @description Spans in order of time. A slide that is shown twice has two. The timeline is computed when a lecture or a deck is complete, and again after each change.
         */
        get: operations["getLectureTimeline"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lectures/{id}/transcript": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a lecture's transcript as JSON, text, WebVTT or SRT
         * @description JSON with its segments, VTT and SRT can be imported again with PUT. A new transcript is shown when questions are answered from it; until then readers get the former one.
         */
        get: operations["getTranscript"];
        /**
         * Import a transcript: WebVTT, SRT, or JSON of a transcription tool
         * @description The body is the file itself or a form with it. A job makes chunks and embeddings of it. Questions are answered from the former transcript until the job is complete. `warnings` lists the defects of the file.
         */
        put: operations["importTranscript"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Correct words of a transcript, or a text in all transcripts of the course
         * @description `word_index` corrects one place. `find` is a rule for all lectures of the course, later ones too. Jobs apply it: times of words stay, and only chunks with a corrected word get new embeddings. Readers see the former transcript until the job is complete.
         */
        patch: operations["correctTranscript"];
        trace?: never;
    };
    "/api/lectures/{id}/transcript/corrections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the corrections of a transcript and the rules of its course, newest first */
        get: operations["listTranscriptCorrections"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lectures/{id}/transcript/corrections/{correction_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Undo a correction, or a rule in all transcripts of the course
         * @description The other corrections stay. The list keeps the correction with `undone_at`.
         */
        delete: operations["undoTranscriptCorrection"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lectures/{id}/transcript/suggestions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List words of a transcript that disagree with the slides
         * @description Words that are probably terms of the slides: written apart, or spelled as they sound. The most frequent first. Nothing is changed; PATCH accepts a suggestion. Sounds are compared by English rules.
         */
        get: operations["listCorrectionSuggestions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lectures/{id}/transcript/view": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a lecture's transcript as a page
         * @description `?t=75#t=75` opens it at second 75. Citations of lectures without a recording link here.
         */
        get: operations["viewTranscript"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lectures/{id}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the cost of a lecture at the providers */
        get: operations["getLectureUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lectures/audio": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Upload the audio of a lecture
         * @description For recordings to which the server has no access. The audio is kept until the lecture is complete, and for some days after a failure or a cancel (`audio_kept_until`), so that retry can use it. With `panopto_url`, citations open the viewer; if the lecture of that session ended without a transcript, it starts again with this audio.
         */
        post: operations["uploadLectureAudio"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lectures/download": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Queue a Panopto recording for ingestion
         * @description If the course, or with `owner_id` its owner, already has a lecture of this session, the answer is 200 with that lecture. If it was requested without transcription before, it is transcribed now, and the answer is 202.
         */
        post: operations["downloadLecture"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/lectures/transcript": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create a lecture from a transcript alone
         * @description Citations open `media_url` at the second, or else our view of the transcript. YouTube, Vimeo and media files are opened in their own way. `warnings` lists the file's defects.
         */
        post: operations["createLectureFromTranscript"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/retention": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Preview the next deletions of retention
         * @description Deletes nothing. Maintenance deletes due content once a day. See docs/operations.md.
         */
        get: operations["previewRetention"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/retrieval/query": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Find the passages of a course that answer a question, best first
         * @description Adjacent chunks are joined to one passage: `metadata.chunk_ids` lists them, and `metadata` contains its
         *     start and end. `citation` has the times of the sentence that matches the question best, and opens there.
         *     One asset fills at most half of the list if others match too, unless the request names assets.
         *
         *     A filter for lectures (`lecture_ids`, `from_ms`, `to_ms`) leaves out slides unless the request also
         *     has a filter for slides, and the other way round. Assets of other courses do not match.
         *
         *     `metadata.mode` is the mode that was used. It is `text` if the configured embedding models do not
         *     include the model of the course's vectors.
         */
        post: operations["search"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Find the passages of all courses that answer a question, best first
         * @description The passages of all courses are ranked together, so their scores are comparable. Each has the
         *     fields of `POST /api/retrieval/query`, and its course. The caller gets only what `POST /api/retrieval/query`
         *     returns to the same caller in each course: hidden material is not searched.
         *
         *     From about 20 000 chunks on, the search by meaning is approximate: docs/scale.md states how much it finds.
         */
        post: operations["searchCourses"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/share-links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the share links of a course, newest first, without their secrets */
        get: operations["listShareLinks"];
        put?: never;
        /**
         * Create a link to the chat of one course
         * @description Everyone who has the link can ask questions and read released material until it expires. They cannot list or read conversations.
         */
        post: operations["createShareLink"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/share-links/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke a share link
         * @description Effective within 10 seconds. Running streams of the link end.
         */
        delete: operations["revokeShareLink"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/signed-urls": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign addresses of files, page images, transcripts and chapters
         * @description For `<img>`, `<iframe>` and links, which send no header. A signed address opens for 15 minutes, for everyone who has it, the material that its sender sees. Revoking the key does not end it earlier.
         */
        post: operations["signUrls"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Find people by their name or email, newest first */
        get: operations["listUsers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Erase one person: conversations, feedback, personal material, name and email
         * @description Maintenance removes the files of personal material within minutes.
         */
        delete: operations["eraseUser"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Export everything that is stored about one person */
        get: operations["exportUser"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List webhooks, newest first, without their secrets */
        get: operations["listWebhooks"];
        put?: never;
        /**
         * Send events to an address
         * @description Messages are signed as in Standard Webhooks and sent in order, one at a time. A message that is not acknowledged with a status of 200 to 299 within 10 seconds is sent again, with the same `webhook-id`, until it is. See docs/webhooks.md.
         */
        post: operations["createWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a webhook with its failures and the number of waiting messages */
        get: operations["getWebhook"];
        put?: never;
        post?: never;
        /** Delete a webhook with its messages */
        delete: operations["deleteWebhook"];
        options?: never;
        head?: never;
        /**
         * Change, disable or enable a webhook
         * @description A disabled webhook collects messages. It gets them when it is enabled again.
         */
        patch: operations["updateWebhook"];
        trace?: never;
    };
    "/api/webhooks/{id}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the messages of a webhook after a sequence, in their order
         * @description Messages that were not sent yet have no sequence and are at the end.
         */
        get: operations["listWebhookMessages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send all messages again from a sequence on
         * @description In their order and with their former ids. Messages are kept for EVENT_RETENTION_DAYS.
         */
        post: operations["replayWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Replace the secret of a webhook; the old one signs too for a while */
        post: operations["rotateWebhookSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a test message now
         * @description The message has the type `webhook.test` and no sequence. If it is acknowledged, waiting messages are sent at once.
         */
        post: operations["testWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mcp": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Search and read courses over the Model Context Protocol
         * @description Streamable HTTP without sessions: each POST is independent, and GET and DELETE
         *     return 405.
         *
         *     Tools: `search`, `read_transcript`, `read_page`, `find_moments`, `find_slide`, `list_assets`, `search_courses`, `list_courses`. Each call names its
         *     course. With `?course_id=` in the URL all calls use that course and take no course argument. Results are
         *     sent as structured content and as text. A mistake of the caller is a result with `isError`.
         *
         *     Resources: transcripts (`lectern://lectures/{id}/transcript`), slide decks (`lectern://documents/{id}`)
         *     and their pages (`…/pages/{number}`). Prompts: `answer_from_course`, `quiz`. Every `Accept` is served. A
         *     server with keys takes one as `Authorization: Bearer` or `X-API-Key`.
         */
        post: operations["callMcp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics for Prometheus
         * @description Without the database, the numbers of this process only.
         */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/completions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask a course through OpenAI's chat completions API
         * @description The agent of `/api/chat` for clients of OpenAI's API; the model `course:<id>` is a course.
         *
         *     Nothing is stored: each request contains the whole conversation. Messages of the roles `system` and
         *     `developer` and sampling settings are ignored; `n` is 1. `tool_choice`, `stop` and `max_tokens` are
         *     honoured; a `response_format` other than text is refused. Content parts of unknown types are left out, and
         *     `notes` lists them. Errors have the header `x-should-retry`.
         *
         *     Answers cite as `[n]`. Each marker with a URL is a `url_citation` in the message's `annotations`.
         *     `citations`, beside `choices`, lists all citations with quotes, as `/api/chat` does, and `unsupported`
         *     lists sentences that their passages do not support. A stream sends all of them in
         *     the chunk that has the `finish_reason`, and `usage` if `stream_options.include_usage` is set. Comments keep
         *     a silent stream alive.
         *
         *     The course's own tools run on the server and are not shown. A call of one of the client's `tools` ends the
         *     answer with `tool_calls`. A failure during a stream is an event with `error`, instead of `[DONE]`.
         */
        post: operations["createChatCompletion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/embeddings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Embed texts with the course's model through OpenAI's embeddings API
         * @description The texts as vectors of the course's embedding model, for clients of OpenAI's API. They have unit length and
         *     1536 dimensions; shorter vectors of a model are padded with zeros, which does not change a cosine.
         *     `embedding_model` is the model: vectors of different models cannot be compared.
         *
         *     A text has at most as many tokens as the model reads, and a request 300 000. A used-up budget refuses the
         *     request with `budget_exceeded`. To search the course, use `/api/retrieval/query`, which also searches by words.
         */
        post: operations["createEmbeddings"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the courses as models, newest first */
        get: operations["listModels"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a course as a model */
        get: operations["getModel"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/responses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask a course through OpenAI's responses API
         * @description The same agent for clients of the responses API, such as the AI SDK's
         *     `openai("course:…")`. The rules of `/v1/chat/completions` apply.
         *
         *     Nothing is stored: `previous_response_id`, `conversation` and `background` are refused, and references to
         *     stored items are left out. Clients that refer to earlier answers send them in full with `store: false`.
         */
        post: operations["createResponse"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        AgentCapabilities: {
            custom?: unknown;
            execution?: {
                codeExecution?: boolean;
                maxExecutionTime?: number;
                maxIterations?: number;
                sandboxed?: boolean;
            } & {
                [key: string]: unknown;
            };
            humanInTheLoop?: {
                approvals?: boolean;
                approveWithEdits?: boolean;
                feedback?: boolean;
                interrupts?: boolean;
                interventions?: boolean;
                supported?: boolean;
            } & {
                [key: string]: unknown;
            };
            identity?: {
                description?: string;
                documentationUrl?: string;
                metadata?: unknown;
                name?: string;
                provider?: string;
                type?: string;
                version?: string;
            } & {
                [key: string]: unknown;
            };
            multiAgent?: {
                delegation?: boolean;
                handoffs?: boolean;
                subagents?: ({
                    description?: string;
                    name: string;
                } & {
                    [key: string]: unknown;
                })[];
                supported?: boolean;
            } & {
                [key: string]: unknown;
            };
            multimodal?: {
                input?: {
                    audio?: boolean;
                    file?: boolean;
                    image?: boolean;
                    pdf?: boolean;
                    video?: boolean;
                } & {
                    [key: string]: unknown;
                };
                output?: {
                    audio?: boolean;
                    image?: boolean;
                } & {
                    [key: string]: unknown;
                };
            } & {
                [key: string]: unknown;
            };
            output?: {
                structuredOutput?: boolean;
                supportedMimeTypes?: string[];
            } & {
                [key: string]: unknown;
            };
            reasoning?: {
                encrypted?: boolean;
                streaming?: boolean;
                supported?: boolean;
            } & {
                [key: string]: unknown;
            };
            state?: {
                deltas?: boolean;
                memory?: boolean;
                persistentState?: boolean;
                snapshots?: boolean;
            } & {
                [key: string]: unknown;
            };
            tools?: {
                clientProvided?: boolean;
                items?: ({
                    description: string;
                    metadata?: unknown;
                    name: string;
                    parameters?: unknown;
                } & {
                    [key: string]: unknown;
                })[];
                parallelCalls?: boolean;
                supported?: boolean;
            } & {
                [key: string]: unknown;
            };
            transport?: {
                httpBinary?: boolean;
                pushNotifications?: boolean;
                resumable?: boolean;
                streaming?: boolean;
                websocket?: boolean;
            } & {
                [key: string]: unknown;
            };
        } & {
            [key: string]: unknown;
        };
        /** @description An event of AG-UI, by its `type` */
        AgUiEvent: ({
            messageId: string;
            metadata?: unknown;
            name?: string;
            rawEvent?: unknown;
            /** @enum {string} */
            role?: "developer" | "system" | "assistant" | "user";
            subagentRunId?: string;
            timestamp?: number;
            /** @constant */
            type: "TEXT_MESSAGE_START";
        } & {
            [key: string]: unknown;
        }) | ({
            delta: string;
            messageId: string;
            metadata?: unknown;
            rawEvent?: unknown;
            subagentRunId?: string;
            timestamp?: number;
            /** @constant */
            type: "TEXT_MESSAGE_CONTENT";
        } & {
            [key: string]: unknown;
        }) | ({
            messageId: string;
            metadata?: unknown;
            rawEvent?: unknown;
            subagentRunId?: string;
            timestamp?: number;
            /** @constant */
            type: "TEXT_MESSAGE_END";
        } & {
            [key: string]: unknown;
        }) | ({
            delta?: string;
            messageId?: string;
            metadata?: unknown;
            name?: string;
            rawEvent?: unknown;
            /** @enum {string} */
            role?: "developer" | "system" | "assistant" | "user";
            subagentRunId?: string;
            timestamp?: number;
            /** @constant */
            type: "TEXT_MESSAGE_CHUNK";
        } & {
            [key: string]: unknown;
        }) | ({
            metadata?: unknown;
            parentMessageId?: string;
            rawEvent?: unknown;
            subagentRunId?: string;
            timestamp?: number;
            toolCallId: string;
            toolCallName: string;
            /** @constant */
            type: "TOOL_CALL_START";
        } & {
            [key: string]: unknown;
        }) | ({
            delta: string;
            metadata?: unknown;
            rawEvent?: unknown;
            subagentRunId?: string;
            timestamp?: number;
            toolCallId: string;
            /** @constant */
            type: "TOOL_CALL_ARGS";
        } & {
            [key: string]: unknown;
        }) | ({
            metadata?: unknown;
            rawEvent?: unknown;
            subagentRunId?: string;
            timestamp?: number;
            toolCallId: string;
            /** @constant */
            type: "TOOL_CALL_END";
        } & {
            [key: string]: unknown;
        }) | ({
            delta?: string;
            metadata?: unknown;
            parentMessageId?: string;
            rawEvent?: unknown;
            subagentRunId?: string;
            timestamp?: number;
            toolCallId?: string;
            toolCallName?: string;
            /** @constant */
            type: "TOOL_CALL_CHUNK";
        } & {
            [key: string]: unknown;
        }) | ({
            content: string | (({
                id?: string;
                metadata?: unknown;
                text: string;
                /** @constant */
                type: "text";
            } & {
                [key: string]: unknown;
            }) | ({
                id?: string;
                metadata?: unknown;
                source: ({
                    mimeType: string;
                    /** @constant */
                    type: "data";
                    value: string;
                } & {
                    [key: string]: unknown;
                }) | ({
                    mimeType?: string;
                    /** @constant */
                    type: "url";
                    value: string;
                } & {
                    [key: string]: unknown;
                }) | ({
                    mimeType?: string;
                    provider?: string;
                    /** @constant */
                    type: "file";
                    value: string;
                } & {
                    [key: string]: unknown;
                });
                /** @constant */
                type: "image";
            } & {
                [key: string]: unknown;
            }) | ({
                id?: string;
                metadata?: unknown;
                source: ({
                    mimeType: string;
                    /** @constant */
                    type: "data";
                    value: string;
                } & {
                    [key: string]: unknown;
                }) | ({
                    mimeType?: string;
                    /** @constant */
                    type: "url";
                    value: string;
                } & {
                    [key: string]: unknown;
                }) | ({
                    mimeType?: string;
                    provider?: string;
                    /** @constant */
                    type: "file";
                    value: string;
                } & {
                    [key: string]: unknown;
                });
                /** @constant */
                type: "audio";
            } & {
                [key: string]: unknown;
            }) | ({
                id?: string;
                metadata?: unknown;
                source: ({
                    mimeType: string;
                    /** @constant */
                    type: "data";
                    value: string;
                } & {
                    [key: string]: unknown;
                }) | ({
                    mimeType?: string;
                    /** @constant */
                    type: "url";
                    value: string;
                } & {
                    [key: string]: unknown;
                }) | ({
                    mimeType?: string;
                    provider?: string;
                    /** @constant */
                    type: "file";
                    value: string;
                } & {
                    [key: string]: unknown;
                });
                /** @constant */
                type: "video";
            } & {
                [key: string]: unknown;
            }) | ({
                id?: string;
                metadata?: unknown;
                source: ({
                    mimeType: string;
                    /** @constant */
                    type: "data";
                    value: string;
                } & {
                    [key: string]: unknown;
                }) | ({
                    mimeType?: string;
                    /** @constant */
                    type: "url";
                    value: string;
                } & {
                    [key: string]: unknown;
                }) | ({
                    mimeType?: string;
                    provider?: string;
                    /** @constant */
                    type: "file";
                    value: string;
                } & {
                    [key: string]: unknown;
                });
                /** @constant */
                type: "document";
            } & {
                [key: string]: unknown;
            }))[];
            messageId: string;
            metadata?: unknown;
            rawEvent?: unknown;
            /** @constant */
            role?: "tool";
            subagentRunId?: string;
            timestamp?: number;
            toolCallId: string;
            /** @constant */
            type: "TOOL_CALL_RESULT";
        } & {
            [key: string]: unknown;
        }) | ({
            metadata?: unknown;
            rawEvent?: unknown;
            snapshot: unknown;
            subagentRunId?: string;
            timestamp?: number;
            /** @constant */
            type: "STATE_SNAPSHOT";
        } & {
            [key: string]: unknown;
        }) | ({
            delta: (({
                /** @constant */
                op: "add";
                path: string;
                value: unknown;
            } & {
                [key: string]: unknown;
            }) | ({
                /** @constant */
                op: "remove";
                path: string;
            } & {
                [key: string]: unknown;
            }) | ({
                /** @constant */
                op: "replace";
                path: string;
                value: unknown;
            } & {
                [key: string]: unknown;
            }) | ({
                from: string;
                /** @constant */
                op: "move";
                path: string;
            } & {
                [key: string]: unknown;
            }) | ({
                from: string;
                /** @constant */
                op: "copy";
                path: string;
            } & {
                [key: string]: unknown;
            }) | ({
                /** @constant */
                op: "test";
                path: string;
                value: unknown;
            } & {
                [key: string]: unknown;
            }))[];
            metadata?: unknown;
            rawEvent?: unknown;
            subagentRunId?: string;
            timestamp?: number;
            /** @constant */
            type: "STATE_DELTA";
        } & {
            [key: string]: unknown;
        }) | ({
            messages: (({
                content: string;
                encryptedValue?: string;
                id: string;
                metadata?: unknown;
                name?: string;
                /** @constant */
                role: "developer";
                subagentRunId?: string;
            } & {
                [key: string]: unknown;
            }) | ({
                content: string;
                encryptedValue?: string;
                id: string;
                metadata?: unknown;
                name?: string;
                /** @constant */
                role: "system";
                subagentRunId?: string;
            } & {
                [key: string]: unknown;
            }) | ({
                content?: string;
                encryptedValue?: string;
                id: string;
                metadata?: unknown;
                name?: string;
                /** @constant */
                role: "assistant";
                subagentRunId?: string;
                toolCalls?: ({
                    encryptedValue?: string;
                    function: {
                        arguments: string;
                        name: string;
                    } & {
                        [key: string]: unknown;
                    };
                    id: string;
                    metadata?: unknown;
                    /** @constant */
                    type: "function";
                } & {
                    [key: string]: unknown;
                })[];
            } & {
                [key: string]: unknown;
            }) | ({
                content: string | (({
                    id?: string;
                    metadata?: unknown;
                    text: string;
                    /** @constant */
                    type: "text";
                } & {
                    [key: string]: unknown;
                }) | ({
                    id?: string;
                    metadata?: unknown;
                    source: ({
                        mimeType: string;
                        /** @constant */
                        type: "data";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        /** @constant */
                        type: "url";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        provider?: string;
                        /** @constant */
                        type: "file";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    });
                    /** @constant */
                    type: "image";
                } & {
                    [key: string]: unknown;
                }) | ({
                    id?: string;
                    metadata?: unknown;
                    source: ({
                        mimeType: string;
                        /** @constant */
                        type: "data";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        /** @constant */
                        type: "url";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        provider?: string;
                        /** @constant */
                        type: "file";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    });
                    /** @constant */
                    type: "audio";
                } & {
                    [key: string]: unknown;
                }) | ({
                    id?: string;
                    metadata?: unknown;
                    source: ({
                        mimeType: string;
                        /** @constant */
                        type: "data";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        /** @constant */
                        type: "url";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        provider?: string;
                        /** @constant */
                        type: "file";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    });
                    /** @constant */
                    type: "video";
                } & {
                    [key: string]: unknown;
                }) | ({
                    id?: string;
                    metadata?: unknown;
                    source: ({
                        mimeType: string;
                        /** @constant */
                        type: "data";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        /** @constant */
                        type: "url";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        provider?: string;
                        /** @constant */
                        type: "file";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    });
                    /** @constant */
                    type: "document";
                } & {
                    [key: string]: unknown;
                }))[];
                encryptedValue?: string;
                id: string;
                metadata?: unknown;
                name?: string;
                /** @constant */
                role: "user";
                subagentRunId?: string;
            } & {
                [key: string]: unknown;
            }) | ({
                content: string | (({
                    id?: string;
                    metadata?: unknown;
                    text: string;
                    /** @constant */
                    type: "text";
                } & {
                    [key: string]: unknown;
                }) | ({
                    id?: string;
                    metadata?: unknown;
                    source: ({
                        mimeType: string;
                        /** @constant */
                        type: "data";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        /** @constant */
                        type: "url";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        provider?: string;
                        /** @constant */
                        type: "file";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    });
                    /** @constant */
                    type: "image";
                } & {
                    [key: string]: unknown;
                }) | ({
                    id?: string;
                    metadata?: unknown;
                    source: ({
                        mimeType: string;
                        /** @constant */
                        type: "data";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        /** @constant */
                        type: "url";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        provider?: string;
                        /** @constant */
                        type: "file";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    });
                    /** @constant */
                    type: "audio";
                } & {
                    [key: string]: unknown;
                }) | ({
                    id?: string;
                    metadata?: unknown;
                    source: ({
                        mimeType: string;
                        /** @constant */
                        type: "data";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        /** @constant */
                        type: "url";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        provider?: string;
                        /** @constant */
                        type: "file";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    });
                    /** @constant */
                    type: "video";
                } & {
                    [key: string]: unknown;
                }) | ({
                    id?: string;
                    metadata?: unknown;
                    source: ({
                        mimeType: string;
                        /** @constant */
                        type: "data";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        /** @constant */
                        type: "url";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        provider?: string;
                        /** @constant */
                        type: "file";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    });
                    /** @constant */
                    type: "document";
                } & {
                    [key: string]: unknown;
                }))[];
                encryptedValue?: string;
                error?: string;
                id: string;
                metadata?: unknown;
                /** @constant */
                role: "tool";
                subagentRunId?: string;
                toolCallId: string;
            } & {
                [key: string]: unknown;
            }) | ({
                activityType: string;
                content: unknown;
                id: string;
                metadata?: unknown;
                /** @constant */
                role: "activity";
                subagentRunId?: string;
            } & {
                [key: string]: unknown;
            }) | ({
                content: string;
                encryptedValue?: string;
                id: string;
                metadata?: unknown;
                /** @constant */
                role: "reasoning";
                subagentRunId?: string;
            } & {
                [key: string]: unknown;
            }))[];
            metadata?: unknown;
            rawEvent?: unknown;
            timestamp?: number;
            /** @constant */
            type: "MESSAGES_SNAPSHOT";
        } & {
            [key: string]: unknown;
        }) | ({
            activityType: string;
            content: unknown;
            messageId: string;
            metadata?: unknown;
            rawEvent?: unknown;
            replace?: boolean;
            subagentRunId?: string;
            timestamp?: number;
            /** @constant */
            type: "ACTIVITY_SNAPSHOT";
        } & {
            [key: string]: unknown;
        }) | ({
            activityType: string;
            messageId: string;
            metadata?: unknown;
            patch: (({
                /** @constant */
                op: "add";
                path: string;
                value: unknown;
            } & {
                [key: string]: unknown;
            }) | ({
                /** @constant */
                op: "remove";
                path: string;
            } & {
                [key: string]: unknown;
            }) | ({
                /** @constant */
                op: "replace";
                path: string;
                value: unknown;
            } & {
                [key: string]: unknown;
            }) | ({
                from: string;
                /** @constant */
                op: "move";
                path: string;
            } & {
                [key: string]: unknown;
            }) | ({
                from: string;
                /** @constant */
                op: "copy";
                path: string;
            } & {
                [key: string]: unknown;
            }) | ({
                /** @constant */
                op: "test";
                path: string;
                value: unknown;
            } & {
                [key: string]: unknown;
            }))[];
            rawEvent?: unknown;
            subagentRunId?: string;
            timestamp?: number;
            /** @constant */
            type: "ACTIVITY_DELTA";
        } & {
            [key: string]: unknown;
        }) | ({
            event: unknown;
            metadata?: unknown;
            rawEvent?: unknown;
            source?: string;
            subagentRunId?: string;
            timestamp?: number;
            /** @constant */
            type: "RAW";
        } & {
            [key: string]: unknown;
        }) | ({
            metadata?: unknown;
            name: string;
            rawEvent?: unknown;
            subagentRunId?: string;
            timestamp?: number;
            /** @constant */
            type: "CUSTOM";
            value: unknown;
        } & {
            [key: string]: unknown;
        }) | ({
            input?: {
                /** @default [] */
                context?: ({
                    description: string;
                    value: string;
                } & {
                    [key: string]: unknown;
                })[];
                forwardedProps?: unknown;
                messages: (({
                    content: string;
                    encryptedValue?: string;
                    id: string;
                    metadata?: unknown;
                    name?: string;
                    /** @constant */
                    role: "developer";
                    subagentRunId?: string;
                } & {
                    [key: string]: unknown;
                }) | ({
                    content: string;
                    encryptedValue?: string;
                    id: string;
                    metadata?: unknown;
                    name?: string;
                    /** @constant */
                    role: "system";
                    subagentRunId?: string;
                } & {
                    [key: string]: unknown;
                }) | ({
                    content?: string;
                    encryptedValue?: string;
                    id: string;
                    metadata?: unknown;
                    name?: string;
                    /** @constant */
                    role: "assistant";
                    subagentRunId?: string;
                    toolCalls?: ({
                        encryptedValue?: string;
                        function: {
                            arguments: string;
                            name: string;
                        } & {
                            [key: string]: unknown;
                        };
                        id: string;
                        metadata?: unknown;
                        /** @constant */
                        type: "function";
                    } & {
                        [key: string]: unknown;
                    })[];
                } & {
                    [key: string]: unknown;
                }) | ({
                    content: string | (({
                        id?: string;
                        metadata?: unknown;
                        text: string;
                        /** @constant */
                        type: "text";
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        id?: string;
                        metadata?: unknown;
                        source: ({
                            mimeType: string;
                            /** @constant */
                            type: "data";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        }) | ({
                            mimeType?: string;
                            /** @constant */
                            type: "url";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        }) | ({
                            mimeType?: string;
                            provider?: string;
                            /** @constant */
                            type: "file";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        });
                        /** @constant */
                        type: "image";
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        id?: string;
                        metadata?: unknown;
                        source: ({
                            mimeType: string;
                            /** @constant */
                            type: "data";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        }) | ({
                            mimeType?: string;
                            /** @constant */
                            type: "url";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        }) | ({
                            mimeType?: string;
                            provider?: string;
                            /** @constant */
                            type: "file";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        });
                        /** @constant */
                        type: "audio";
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        id?: string;
                        metadata?: unknown;
                        source: ({
                            mimeType: string;
                            /** @constant */
                            type: "data";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        }) | ({
                            mimeType?: string;
                            /** @constant */
                            type: "url";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        }) | ({
                            mimeType?: string;
                            provider?: string;
                            /** @constant */
                            type: "file";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        });
                        /** @constant */
                        type: "video";
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        id?: string;
                        metadata?: unknown;
                        source: ({
                            mimeType: string;
                            /** @constant */
                            type: "data";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        }) | ({
                            mimeType?: string;
                            /** @constant */
                            type: "url";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        }) | ({
                            mimeType?: string;
                            provider?: string;
                            /** @constant */
                            type: "file";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        });
                        /** @constant */
                        type: "document";
                    } & {
                        [key: string]: unknown;
                    }))[];
                    encryptedValue?: string;
                    id: string;
                    metadata?: unknown;
                    name?: string;
                    /** @constant */
                    role: "user";
                    subagentRunId?: string;
                } & {
                    [key: string]: unknown;
                }) | ({
                    content: string | (({
                        id?: string;
                        metadata?: unknown;
                        text: string;
                        /** @constant */
                        type: "text";
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        id?: string;
                        metadata?: unknown;
                        source: ({
                            mimeType: string;
                            /** @constant */
                            type: "data";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        }) | ({
                            mimeType?: string;
                            /** @constant */
                            type: "url";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        }) | ({
                            mimeType?: string;
                            provider?: string;
                            /** @constant */
                            type: "file";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        });
                        /** @constant */
                        type: "image";
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        id?: string;
                        metadata?: unknown;
                        source: ({
                            mimeType: string;
                            /** @constant */
                            type: "data";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        }) | ({
                            mimeType?: string;
                            /** @constant */
                            type: "url";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        }) | ({
                            mimeType?: string;
                            provider?: string;
                            /** @constant */
                            type: "file";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        });
                        /** @constant */
                        type: "audio";
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        id?: string;
                        metadata?: unknown;
                        source: ({
                            mimeType: string;
                            /** @constant */
                            type: "data";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        }) | ({
                            mimeType?: string;
                            /** @constant */
                            type: "url";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        }) | ({
                            mimeType?: string;
                            provider?: string;
                            /** @constant */
                            type: "file";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        });
                        /** @constant */
                        type: "video";
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        id?: string;
                        metadata?: unknown;
                        source: ({
                            mimeType: string;
                            /** @constant */
                            type: "data";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        }) | ({
                            mimeType?: string;
                            /** @constant */
                            type: "url";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        }) | ({
                            mimeType?: string;
                            provider?: string;
                            /** @constant */
                            type: "file";
                            value: string;
                        } & {
                            [key: string]: unknown;
                        });
                        /** @constant */
                        type: "document";
                    } & {
                        [key: string]: unknown;
                    }))[];
                    encryptedValue?: string;
                    error?: string;
                    id: string;
                    metadata?: unknown;
                    /** @constant */
                    role: "tool";
                    subagentRunId?: string;
                    toolCallId: string;
                } & {
                    [key: string]: unknown;
                }) | ({
                    activityType: string;
                    content: unknown;
                    id: string;
                    metadata?: unknown;
                    /** @constant */
                    role: "activity";
                    subagentRunId?: string;
                } & {
                    [key: string]: unknown;
                }) | ({
                    content: string;
                    encryptedValue?: string;
                    id: string;
                    metadata?: unknown;
                    /** @constant */
                    role: "reasoning";
                    subagentRunId?: string;
                } & {
                    [key: string]: unknown;
                }))[];
                parentRunId?: string;
                protocolVersion?: string;
                resume?: ({
                    interruptId: string;
                    metadata?: unknown;
                    payload?: unknown;
                    /** @enum {string} */
                    status: "resolved" | "cancelled";
                } & {
                    [key: string]: unknown;
                })[];
                runId: string;
                state?: unknown;
                threadId: string;
                /** @default [] */
                tools?: ({
                    description: string;
                    metadata?: unknown;
                    name: string;
                    parameters?: unknown;
                } & {
                    [key: string]: unknown;
                })[];
            } & {
                [key: string]: unknown;
            };
            metadata?: unknown;
            parentRunId?: string;
            protocolVersion?: string;
            rawEvent?: unknown;
            runId: string;
            threadId: string;
            timestamp?: number;
            /** @constant */
            type: "RUN_STARTED";
        } & {
            [key: string]: unknown;
        }) | ({
            metadata?: unknown;
            outcome?: ({
                pendingToolCallIds?: string[];
                /** @constant */
                type: "success";
            } & {
                [key: string]: unknown;
            }) | ({
                interrupts: ({
                    expiresAt?: string;
                    id: string;
                    message?: string;
                    metadata?: unknown;
                    reason: string;
                    responseSchema?: unknown;
                    subagentRunId?: string;
                    toolCallId?: string;
                } & {
                    [key: string]: unknown;
                })[];
                /** @constant */
                type: "interrupt";
            } & {
                [key: string]: unknown;
            }) | ({
                /** @constant */
                type: "cancelled";
            } & {
                [key: string]: unknown;
            });
            rawEvent?: unknown;
            result?: unknown;
            runId: string;
            threadId: string;
            timestamp?: number;
            /** @constant */
            type: "RUN_FINISHED";
            usage?: ({
                cachedInputTokens?: number;
                cacheWriteInputTokens?: number;
                inputTokens?: number;
                model?: string;
                outputTokens?: number;
                provider?: string;
                reasoningTokens?: number;
                totalTokens?: number;
            } & {
                [key: string]: unknown;
            })[];
        } & {
            [key: string]: unknown;
        }) | ({
            code?: string;
            message: string;
            metadata?: unknown;
            rawEvent?: unknown;
            timestamp?: number;
            /** @constant */
            type: "RUN_ERROR";
            usage?: ({
                cachedInputTokens?: number;
                cacheWriteInputTokens?: number;
                inputTokens?: number;
                model?: string;
                outputTokens?: number;
                provider?: string;
                reasoningTokens?: number;
                totalTokens?: number;
            } & {
                [key: string]: unknown;
            })[];
        } & {
            [key: string]: unknown;
        }) | ({
            metadata?: unknown;
            rawEvent?: unknown;
            stepName: string;
            subagentRunId?: string;
            timestamp?: number;
            /** @constant */
            type: "STEP_STARTED";
        } & {
            [key: string]: unknown;
        }) | ({
            metadata?: unknown;
            rawEvent?: unknown;
            stepName: string;
            subagentRunId?: string;
            timestamp?: number;
            /** @constant */
            type: "STEP_FINISHED";
        } & {
            [key: string]: unknown;
        }) | ({
            messageId: string;
            metadata?: unknown;
            rawEvent?: unknown;
            subagentRunId?: string;
            timestamp?: number;
            /** @constant */
            type: "REASONING_START";
        } & {
            [key: string]: unknown;
        }) | ({
            messageId: string;
            metadata?: unknown;
            rawEvent?: unknown;
            /** @constant */
            role: "reasoning";
            subagentRunId?: string;
            timestamp?: number;
            /** @constant */
            type: "REASONING_MESSAGE_START";
        } & {
            [key: string]: unknown;
        }) | ({
            delta: string;
            messageId: string;
            metadata?: unknown;
            rawEvent?: unknown;
            subagentRunId?: string;
            timestamp?: number;
            /** @constant */
            type: "REASONING_MESSAGE_CONTENT";
        } & {
            [key: string]: unknown;
        }) | ({
            messageId: string;
            metadata?: unknown;
            rawEvent?: unknown;
            subagentRunId?: string;
            timestamp?: number;
            /** @constant */
            type: "REASONING_MESSAGE_END";
        } & {
            [key: string]: unknown;
        }) | ({
            delta?: string;
            messageId?: string;
            metadata?: unknown;
            rawEvent?: unknown;
            subagentRunId?: string;
            timestamp?: number;
            /** @constant */
            type: "REASONING_MESSAGE_CHUNK";
        } & {
            [key: string]: unknown;
        }) | ({
            messageId: string;
            metadata?: unknown;
            rawEvent?: unknown;
            subagentRunId?: string;
            timestamp?: number;
            /** @constant */
            type: "REASONING_END";
        } & {
            [key: string]: unknown;
        }) | ({
            encryptedValue: string;
            entityId: string;
            metadata?: unknown;
            rawEvent?: unknown;
            subagentRunId?: string;
            /** @enum {string} */
            subtype: "tool-call" | "message";
            timestamp?: number;
            /** @constant */
            type: "REASONING_ENCRYPTED_VALUE";
        } & {
            [key: string]: unknown;
        }) | ({
            description?: string;
            metadata?: unknown;
            name: string;
            parentMessageId?: string;
            parentSubagentRunId?: string;
            parentToolCallId?: string;
            rawEvent?: unknown;
            subagentRunId: string;
            timestamp?: number;
            /** @constant */
            type: "SUBAGENT_STARTED";
        } & {
            [key: string]: unknown;
        }) | ({
            metadata?: unknown;
            outcome?: ({
                /** @constant */
                type: "success";
            } & {
                [key: string]: unknown;
            }) | ({
                interruptIds?: string[];
                /** @constant */
                type: "suspended";
            } & {
                [key: string]: unknown;
            });
            rawEvent?: unknown;
            result?: unknown;
            subagentRunId: string;
            timestamp?: number;
            /** @constant */
            type: "SUBAGENT_FINISHED";
        } & {
            [key: string]: unknown;
        }) | ({
            code?: string;
            message: string;
            metadata?: unknown;
            rawEvent?: unknown;
            subagentRunId: string;
            timestamp?: number;
            /** @constant */
            type: "SUBAGENT_ERROR";
        } & {
            [key: string]: unknown;
        });
        ApiKey: {
            /** @description Null: all courses */
            course_ids: string[] | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string | null;
            /** @description The public part of the key */
            key_id: string;
            /**
             * Format: date-time
             * @description Updated at most once a minute
             */
            last_used_at: string | null;
            name: string;
            /** @description Null: the limits of RATE_LIMITS */
            rate_per_minute: number | null;
            /** Format: date-time */
            revoked_at: string | null;
            scopes: ("read" | "ingest" | "chat" | "admin")[];
        };
        Asset: {
            /** Format: date-time */
            created_at: string;
            /** @description Of a lecture: its audio, or else its transcript; null until it is known */
            duration_seconds: number | null;
            /** @description Why it failed or is paused */
            error_code: string | null;
            /** Format: uuid */
            id: string;
            /** @enum {string} */
            kind: "lecture" | "document";
            /** @description Of a document; null until it is known */
            page_count: number | null;
            progress_percent: number;
            /** @enum {string} */
            status: "pending" | "downloading" | "transcribing" | "embedding" | "completed" | "failed" | "paused" | "uploaded" | "described";
            status_reason: string | null;
            title: string | null;
            /** Format: date-time */
            updated_at: string;
        };
        AuditEvent: {
            /** @description The client's address; only of refused requests without a known key or user */
            address: string | null;
            /** @description Number of refused requests of this sender in this minute */
            count: number;
            /** Format: uuid */
            course_id: string | null;
            /** Format: date-time */
            created_at: string;
            details: {
                [key: string]: unknown;
            };
            /** @enum {string} */
            event_type: "auth.denied" | "key.created" | "key.rotated" | "key.revoked" | "share_link.created" | "share_link.revoked" | "webhook.created" | "webhook.changed" | "webhook.rotated" | "webhook.deleted" | "file.signed" | "backup.started" | "embeddings.deleted" | "course.deleted" | "asset.deleted" | "session.deleted" | "session.exported" | "feedback.exported" | "user.deleted" | "user.exported" | "budget.changed" | "budget.overridden" | "transcript.corrected" | "transcript.correction_undone" | "exam.accepted";
            /** Format: uuid */
            id: string;
            /** @description The key of the request; `bootstrap` is that of the settings */
            key_id: string | null;
            key_name: string | null;
            /** @description For `auth.denied`: of the first request */
            request_id: string | null;
            route: string | null;
            /** @description The id of the key, asset, conversation or user that the event is about */
            target: string | null;
            /**
             * Format: uuid
             * @description The user of the request; a pseudonym after that user was erased
             */
            user_id: string | null;
        };
        Backup: {
            /** @description The name of the stored archive */
            archive: string | null;
            /** @description PDFs that differ from their upload */
            changed: number | null;
            error_code: string | null;
            error_message: string | null;
            files: number | null;
            /**
             * Format: date-time
             * @description Null while it runs
             */
            finished_at: string | null;
            /** Format: uuid */
            id: string;
            /** @description Files that the storage has lost */
            missing: number | null;
            /** @description The folder or bucket */
            place: string;
            rows: number | null;
            size_bytes: number | null;
            /** Format: date-time */
            started_at: string;
        };
        ChatCompletion: {
            choices: {
                /** @enum {string} */
                finish_reason: "stop" | "length" | "tool_calls";
                index: number;
                logprobs: null;
                message: {
                    annotations?: {
                        /** @constant */
                        type: "url_citation";
                        url_citation: {
                            end_index: number;
                            start_index: number;
                            title: string;
                            url: string;
                        };
                    }[];
                    content: string;
                    refusal: null;
                    /** @constant */
                    role: "assistant";
                    tool_calls?: {
                        function: {
                            arguments: string;
                            name: string;
                        };
                        id: string;
                        index: number;
                        /** @constant */
                        type: "function";
                    }[];
                };
            }[];
            citations?: {
                /** Format: uuid */
                asset_id: string;
                /** Format: uuid */
                chunk_id: string;
                end_ms?: number;
                /** @description Of a document, as uploaded */
                filename?: string;
                /** @description Of a page: the five longest moments at which it is surely shown, in order of time */
                moments?: {
                    /** @description 0 to 1; 1 where the recording states its slide changes */
                    confidence: number;
                    end_ms: number;
                    /** Format: uuid */
                    lecture_id: string;
                    start_ms: number;
                    /** @description Of the lecture */
                    title: string | null;
                    /** @description Opens the recording, or else the transcript, at the start */
                    url: string;
                }[];
                number: number;
                /** @description Number printed on the page, such as iii, if it differs from the position */
                page_label?: string;
                /** @description Position of the page in the file, from 1 */
                page_number?: number;
                /** @description Verbatim from the stored text */
                quote: string;
                /**
                 * @description The asset has another version now; `url` still opens the quoted page of a document
                 * @constant
                 */
                replaced?: true;
                /** @description The version that is quoted: the SHA-256 of the PDF or of the transcript */
                sha256?: string;
                /** @description Of a moment: the slide that is shown then, if the timeline is confident */
                slide?: {
                    /** @description 0 to 1; 1 where the recording states its slide changes */
                    confidence: number;
                    /** Format: uuid */
                    document_id: string;
                    /** @description Number printed on the page, such as iii, if it differs from the position */
                    page_label?: string;
                    page_number: number;
                    /** @description Of the document */
                    title: string | null;
                    /** @description Opens the PDF at the page */
                    url: string;
                };
                /** @enum {string} */
                source: "lectures" | "slides";
                start_ms?: number;
                title: string | null;
                /**
                 * @description Every sentence that cites this passage is in `unsupported`
                 * @constant
                 */
                unsupported?: true;
                /** @description Absolute address that opens the page, or the recording at the second */
                url: string | null;
                /**
                 * @description In old answers: the material is not visible now, so there is no quote and no `url`
                 * @constant
                 */
                withheld?: true;
            }[];
            created: number;
            id: string;
            model: string;
            /** @description The parts of the request that were left out */
            notes?: string[];
            /** @constant */
            object: "chat.completion";
            /** @description Sentences that the passages at their marks do not support: a number in digits, the unit of a number, or a quotation is not in the passages, or nearly none of the words are. The check does not notice negations, swapped subjects, wrong names or numbers in words. */
            unsupported?: {
                /** @description Exclusive UTF-16 offset in `content` */
                end: number;
                /** @description The citations of the sentence */
                numbers: number[];
                /** @enum {string} */
                reason: "number" | "quotation" | "unit" | "unrelated";
                /** @description UTF-16 offset in `content` */
                start: number;
            }[];
            usage: {
                completion_tokens: number;
                completion_tokens_details: {
                    reasoning_tokens: number;
                };
                prompt_tokens: number;
                prompt_tokens_details: {
                    cached_tokens: number;
                };
                total_tokens: number;
            };
        };
        ChatCompletionChunk: {
            choices: {
                delta: {
                    annotations?: {
                        /** @constant */
                        type: "url_citation";
                        url_citation: {
                            end_index: number;
                            start_index: number;
                            title: string;
                            url: string;
                        };
                    }[];
                    content?: string;
                    /** @constant */
                    role?: "assistant";
                    tool_calls?: {
                        function: {
                            arguments: string;
                            name: string;
                        };
                        id: string;
                        index: number;
                        /** @constant */
                        type: "function";
                    }[];
                };
                finish_reason: ("stop" | "length" | "tool_calls") | null;
                index: number;
            }[];
            citations?: {
                /** Format: uuid */
                asset_id: string;
                /** Format: uuid */
                chunk_id: string;
                end_ms?: number;
                /** @description Of a document, as uploaded */
                filename?: string;
                /** @description Of a page: the five longest moments at which it is surely shown, in order of time */
                moments?: {
                    /** @description 0 to 1; 1 where the recording states its slide changes */
                    confidence: number;
                    end_ms: number;
                    /** Format: uuid */
                    lecture_id: string;
                    start_ms: number;
                    /** @description Of the lecture */
                    title: string | null;
                    /** @description Opens the recording, or else the transcript, at the start */
                    url: string;
                }[];
                number: number;
                /** @description Number printed on the page, such as iii, if it differs from the position */
                page_label?: string;
                /** @description Position of the page in the file, from 1 */
                page_number?: number;
                /** @description Verbatim from the stored text */
                quote: string;
                /**
                 * @description The asset has another version now; `url` still opens the quoted page of a document
                 * @constant
                 */
                replaced?: true;
                /** @description The version that is quoted: the SHA-256 of the PDF or of the transcript */
                sha256?: string;
                /** @description Of a moment: the slide that is shown then, if the timeline is confident */
                slide?: {
                    /** @description 0 to 1; 1 where the recording states its slide changes */
                    confidence: number;
                    /** Format: uuid */
                    document_id: string;
                    /** @description Number printed on the page, such as iii, if it differs from the position */
                    page_label?: string;
                    page_number: number;
                    /** @description Of the document */
                    title: string | null;
                    /** @description Opens the PDF at the page */
                    url: string;
                };
                /** @enum {string} */
                source: "lectures" | "slides";
                start_ms?: number;
                title: string | null;
                /**
                 * @description Every sentence that cites this passage is in `unsupported`
                 * @constant
                 */
                unsupported?: true;
                /** @description Absolute address that opens the page, or the recording at the second */
                url: string | null;
                /**
                 * @description In old answers: the material is not visible now, so there is no quote and no `url`
                 * @constant
                 */
                withheld?: true;
            }[];
            created: number;
            id: string;
            model: string;
            /** @description The parts of the request that were left out */
            notes?: string[];
            /** @constant */
            object: "chat.completion.chunk";
            /** @description Sentences that the passages at their marks do not support: a number in digits, the unit of a number, or a quotation is not in the passages, or nearly none of the words are. The check does not notice negations, swapped subjects, wrong names or numbers in words. */
            unsupported?: {
                /** @description Exclusive UTF-16 offset in `content` */
                end: number;
                /** @description The citations of the sentence */
                numbers: number[];
                /** @enum {string} */
                reason: "number" | "quotation" | "unit" | "unrelated";
                /** @description UTF-16 offset in `content` */
                start: number;
            }[];
            usage?: {
                completion_tokens: number;
                completion_tokens_details: {
                    reasoning_tokens: number;
                };
                prompt_tokens: number;
                prompt_tokens_details: {
                    cached_tokens: number;
                };
                total_tokens: number;
            };
        };
        ChatReply: {
            citations: {
                /** Format: uuid */
                asset_id: string;
                /** Format: uuid */
                chunk_id: string;
                end_ms?: number;
                /** @description Of a document, as uploaded */
                filename?: string;
                /** @description Of a page: the five longest moments at which it is surely shown, in order of time */
                moments?: {
                    /** @description 0 to 1; 1 where the recording states its slide changes */
                    confidence: number;
                    end_ms: number;
                    /** Format: uuid */
                    lecture_id: string;
                    start_ms: number;
                    /** @description Of the lecture */
                    title: string | null;
                    /** @description Opens the recording, or else the transcript, at the start */
                    url: string;
                }[];
                number: number;
                /** @description Number printed on the page, such as iii, if it differs from the position */
                page_label?: string;
                /** @description Position of the page in the file, from 1 */
                page_number?: number;
                /** @description Verbatim from the stored text */
                quote: string;
                /**
                 * @description The asset has another version now; `url` still opens the quoted page of a document
                 * @constant
                 */
                replaced?: true;
                /** @description The version that is quoted: the SHA-256 of the PDF or of the transcript */
                sha256?: string;
                /** @description Of a moment: the slide that is shown then, if the timeline is confident */
                slide?: {
                    /** @description 0 to 1; 1 where the recording states its slide changes */
                    confidence: number;
                    /** Format: uuid */
                    document_id: string;
                    /** @description Number printed on the page, such as iii, if it differs from the position */
                    page_label?: string;
                    page_number: number;
                    /** @description Of the document */
                    title: string | null;
                    /** @description Opens the PDF at the page */
                    url: string;
                };
                /** @enum {string} */
                source: "lectures" | "slides";
                start_ms?: number;
                title: string | null;
                /**
                 * @description Every sentence that cites this passage is in `unsupported`
                 * @constant
                 */
                unsupported?: true;
                /** @description Absolute address that opens the page, or the recording at the second */
                url: string | null;
                /**
                 * @description In old answers: the material is not visible now, so there is no quote and no `url`
                 * @constant
                 */
                withheld?: true;
            }[];
            content: string;
            message_id: string;
            run_metadata: {
                [key: string]: unknown;
            };
            /** Format: uuid */
            session_id: string;
            /** @description Sentences that the passages at their marks do not support: a number in digits, the unit of a number, or a quotation is not in the passages, or nearly none of the words are. The check does not notice negations, swapped subjects, wrong names or numbers in words. */
            unsupported?: {
                /** @description Exclusive UTF-16 offset in `content` */
                end: number;
                /** @description The citations of the sentence */
                numbers: number[];
                /** @enum {string} */
                reason: "number" | "quotation" | "unit" | "unrelated";
                /** @description UTF-16 offset in `content` */
                start: number;
            }[];
        };
        ChatSession: {
            /** Format: uuid */
            course_id: string;
            /** Format: date-time */
            created_at: string;
            /** Format: uuid */
            id: string;
            /** @description This process is writing an answer, so a run with `rejoin` can follow it */
            is_answering: boolean;
            messages: {
                citations: {
                    /** Format: uuid */
                    asset_id: string;
                    /** Format: uuid */
                    chunk_id: string;
                    end_ms?: number;
                    /** @description Of a document, as uploaded */
                    filename?: string;
                    /** @description Of a page: the five longest moments at which it is surely shown, in order of time */
                    moments?: {
                        /** @description 0 to 1; 1 where the recording states its slide changes */
                        confidence: number;
                        end_ms: number;
                        /** Format: uuid */
                        lecture_id: string;
                        start_ms: number;
                        /** @description Of the lecture */
                        title: string | null;
                        /** @description Opens the recording, or else the transcript, at the start */
                        url: string;
                    }[];
                    number: number;
                    /** @description Number printed on the page, such as iii, if it differs from the position */
                    page_label?: string;
                    /** @description Position of the page in the file, from 1 */
                    page_number?: number;
                    /** @description Verbatim from the stored text */
                    quote: string;
                    /**
                     * @description The asset has another version now; `url` still opens the quoted page of a document
                     * @constant
                     */
                    replaced?: true;
                    /** @description The version that is quoted: the SHA-256 of the PDF or of the transcript */
                    sha256?: string;
                    /** @description Of a moment: the slide that is shown then, if the timeline is confident */
                    slide?: {
                        /** @description 0 to 1; 1 where the recording states its slide changes */
                        confidence: number;
                        /** Format: uuid */
                        document_id: string;
                        /** @description Number printed on the page, such as iii, if it differs from the position */
                        page_label?: string;
                        page_number: number;
                        /** @description Of the document */
                        title: string | null;
                        /** @description Opens the PDF at the page */
                        url: string;
                    };
                    /** @enum {string} */
                    source: "lectures" | "slides";
                    start_ms?: number;
                    title: string | null;
                    /**
                     * @description Every sentence that cites this passage is in `unsupported`
                     * @constant
                     */
                    unsupported?: true;
                    /** @description Absolute address that opens the page, or the recording at the second */
                    url: string | null;
                    /**
                     * @description In old answers: the material is not visible now, so there is no quote and no `url`
                     * @constant
                     */
                    withheld?: true;
                }[];
                content: string;
                /** Format: date-time */
                created_at: string;
                /** Format: uuid */
                id: string;
                /** @description status (complete, aborted, error), tool_calls, usage and more */
                metadata: {
                    [key: string]: unknown;
                };
                /** @enum {string} */
                role: "user" | "assistant" | "system";
                /** @description Sentences that the passages at their marks do not support: a number in digits, the unit of a number, or a quotation is not in the passages, or nearly none of the words are. The check does not notice negations, swapped subjects, wrong names or numbers in words. */
                unsupported?: {
                    /** @description Exclusive UTF-16 offset in `content` */
                    end: number;
                    /** @description The citations of the sentence */
                    numbers: number[];
                    /** @enum {string} */
                    reason: "number" | "quotation" | "unit" | "unrelated";
                    /** @description UTF-16 offset in `content` */
                    start: number;
                }[];
            }[];
            session_label: string | null;
            /** @description The client's name of the thread, when not a UUID */
            thread_id: string | null;
            /** Format: date-time */
            updated_at: string;
        };
        ChatSessionChange: {
            /** @description The name to show */
            session_label: string;
        };
        ChatSessionFields: {
            /** Format: uuid */
            course_id: string;
            /** Format: date-time */
            created_at: string;
            /** Format: uuid */
            id: string;
            session_label: string | null;
            /** @description The client's name of the thread, when not a UUID */
            thread_id: string | null;
            /** Format: date-time */
            updated_at: string;
        };
        ChatSessionSummary: {
            /** Format: uuid */
            course_id: string;
            /** Format: date-time */
            created_at: string;
            /** Format: uuid */
            id: string;
            last_message: {
                /** Format: date-time */
                created_at: string;
                excerpt: string;
                role: string;
            } | null;
            message_count: number;
            session_label: string | null;
            /** @description The client's name of the thread, when not a UUID */
            thread_id: string | null;
            /** Format: date-time */
            updated_at: string;
        };
        ChatStopped: {
            /** @description False if this process writes no answer in the conversation; another process can */
            stopped: boolean;
        };
        Citation: {
            /** Format: uuid */
            asset_id: string;
            /** Format: uuid */
            chunk_id: string;
            end_ms?: number;
            /** @description Of a document, as uploaded */
            filename?: string;
            /** @description Of a page: the five longest moments at which it is surely shown, in order of time */
            moments?: {
                /** @description 0 to 1; 1 where the recording states its slide changes */
                confidence: number;
                end_ms: number;
                /** Format: uuid */
                lecture_id: string;
                start_ms: number;
                /** @description Of the lecture */
                title: string | null;
                /** @description Opens the recording, or else the transcript, at the start */
                url: string;
            }[];
            number: number;
            /** @description Number printed on the page, such as iii, if it differs from the position */
            page_label?: string;
            /** @description Position of the page in the file, from 1 */
            page_number?: number;
            /** @description Verbatim from the stored text */
            quote: string;
            /**
             * @description The asset has another version now; `url` still opens the quoted page of a document
             * @constant
             */
            replaced?: true;
            /** @description The version that is quoted: the SHA-256 of the PDF or of the transcript */
            sha256?: string;
            /** @description Of a moment: the slide that is shown then, if the timeline is confident */
            slide?: {
                /** @description 0 to 1; 1 where the recording states its slide changes */
                confidence: number;
                /** Format: uuid */
                document_id: string;
                /** @description Number printed on the page, such as iii, if it differs from the position */
                page_label?: string;
                page_number: number;
                /** @description Of the document */
                title: string | null;
                /** @description Opens the PDF at the page */
                url: string;
            };
            /** @enum {string} */
            source: "lectures" | "slides";
            start_ms?: number;
            title: string | null;
            /** @description Absolute address that opens the page, or the recording at the second */
            url: string | null;
            /**
             * @description In old answers: the material is not visible now, so there is no quote and no `url`
             * @constant
             */
            withheld?: true;
        };
        CorrectionAccepted: {
            /** Format: uuid */
            correction_id: string;
            /**
             * Format: uuid
             * @description The job of this lecture; null if its text stays the same
             */
            job_id: string | null;
            /** @description The lectures whose text changes */
            jobs: {
                /** Format: uuid */
                job_id: string;
                /** Format: uuid */
                lecture_id: string;
            }[];
            /** Format: uuid */
            lecture_id: string;
        };
        CorrectionRule: {
            /** @description One or more whole words */
            find: string;
            /**
             * @description False: also with other capital letters, which stay: `Eigen value` becomes `Eigenvalue`
             * @default false
             */
            match_case?: boolean;
            replacement: string;
        };
        CorrectionSuggestions: {
            items: {
                /** Format: uuid */
                document_id: string;
                /** @description With `replacement`, the body of PATCH for a rule */
                find: string;
                /** @description A page with the term, if possible one that is shown then */
                page_number: number;
                /** @description At most 20, as PATCH expects them */
                places: {
                    expected: string;
                    start_ms: number;
                    word_index: number;
                }[];
                /**
                 * @description spacing: the same letters; sound: sounds like the term; spelling: few letters differ
                 * @enum {string}
                 */
                reason: "spacing" | "sound" | "spelling";
                /** @description The term as the slides write it */
                replacement: string;
            }[];
        };
        Course: {
            /** @description Limits of paid work for each asset, for the course, and for the course in a day (UTC) */
            budget: {
                /** @description A limit that is left out has the value of the settings */
                asset?: {
                    audio_minutes?: number;
                    pages?: number;
                    usd?: number;
                };
                /** @description A limit that is left out has the value of the settings */
                course?: {
                    audio_minutes?: number;
                    pages?: number;
                    usd?: number;
                };
                /** @description A limit that is left out has the value of the settings */
                day?: {
                    audio_minutes?: number;
                    pages?: number;
                    usd?: number;
                };
            } | null;
            /** Format: date-time */
            created_at: string;
            description: string | null;
            /** Format: uuid */
            id: string;
            name: string;
            /** @description Send terms of the slides to speech to text; null: as in the settings */
            transcription_terms: boolean | null;
            /** Format: date-time */
            updated_at: string;
        };
        CoursePassage: {
            /** Format: uuid */
            chunk_id: string;
            citation: components["schemas"]["Citation"];
            content: string;
            /** Format: uuid */
            course_id: string;
            course_name: string;
            /** @description One entry for each chunk of the passage, in order; only with `explain` */
            explain?: {
                /** Format: uuid */
                chunk_id: string;
                /** @description Cosine distance; null if the chunk has no comparable vector */
                distance: number | null;
                /** @description The model of the chunk's vector */
                model: string | null;
                score: number;
                /** @description Vector similarity scaled to 0 to 1, as used in the score */
                similarity: number;
                /** @description Text score before scaling to 0 to 1; null without a match */
                text_score: number | null;
                /** @description Word match scaled to 0 to 1, as used in the score */
                words: number;
            }[];
            metadata: {
                [key: string]: unknown;
            };
            /** @description Of a page: the five longest moments at which it is surely shown, in order of time */
            moments?: {
                /** @description 0 to 1; 1 where the recording states its slide changes */
                confidence: number;
                end_ms: number;
                /** Format: uuid */
                lecture_id: string;
                start_ms: number;
                /** @description Of the lecture */
                title: string | null;
                /** @description Opens the recording, or else the transcript, at the start */
                url: string;
            }[];
            /** @description 0 to 1, higher is better; comparable within one response only */
            score: number;
            /** @description Of a moment: the slide that is shown then, if the timeline is confident */
            slide?: {
                /** @description 0 to 1; 1 where the recording states its slide changes */
                confidence: number;
                /** Format: uuid */
                document_id: string;
                /** @description Number printed on the page, such as iii, if it differs from the position */
                page_label?: string;
                page_number: number;
                /** @description Of the document */
                title: string | null;
                /** @description Opens the PDF at the page */
                url: string;
            };
            /** @enum {string} */
            source: "lectures" | "slides";
        };
        CourseSource: {
            counts: {
                /** @description Lectures that answer questions */
                completed: number;
                /** @description Lectures that were deleted after the import; they stay deleted */
                deleted: number;
                /** @description Failed lectures and refused recordings */
                failed: number;
                /** @description Recordings that the source has listed */
                found: number;
                /** @description Recordings that are lectures of the course */
                imported: number;
            };
            /** Format: uuid */
            course_id: string;
            /** Format: date-time */
            created_at: string;
            error_code: string | null;
            error_message: string | null;
            /** Format: uuid */
            id: string;
            /** @enum {string} */
            kind: "folder" | "feed" | "list";
            /** Format: date-time */
            last_synced_at: string | null;
            /**
             * Format: date-time
             * @description Null: only on request
             */
            next_sync_at: string | null;
            /**
             * @description `ready`: all recordings are imported, their lectures can still be processed
             * @enum {string}
             */
            state: "waiting" | "syncing" | "ready" | "failed";
            sync_every_hours: number | null;
            title: string | null;
            transcription: boolean;
            /** Format: date-time */
            updated_at: string;
            url: string;
            /**
             * Format: date-time
             * @description Of the lectures that it imports; null: at once
             */
            visible_from: string | null;
        };
        CourseSourceAccepted: {
            /** @description Addresses of a list that cannot be imported */
            rejected: {
                code: string;
                message: string;
                url: string;
            }[];
            /** Format: uuid */
            source_id: string;
        };
        CourseSourcePreview: {
            /** @constant */
            dry_run: true;
            forecast: {
                audio_minutes: number;
                /** @description The first budget at which the job would pause */
                exceeded: {
                    limit: number;
                    needed: number;
                    /** @enum {string} */
                    scope: "asset" | "course" | "day";
                    /** @enum {string} */
                    unit: "audio_minutes" | "pages" | "usd";
                    used: number;
                } | null;
                pages: number;
                /** @description null: the table `provider_prices` lacks the model */
                usd: number | null;
            };
            /** @enum {string} */
            kind: "folder" | "feed" | "list";
            recordings: {
                duration_ms: number | null;
                /** Format: date-time */
                recorded_at: string | null;
                session_id: string;
                title: string | null;
                url: string;
            }[];
            rejected: {
                code: string;
                message: string;
                url: string;
            }[];
        };
        CourseSourceWithRecordings: {
            counts: {
                /** @description Lectures that answer questions */
                completed: number;
                /** @description Lectures that were deleted after the import; they stay deleted */
                deleted: number;
                /** @description Failed lectures and refused recordings */
                failed: number;
                /** @description Recordings that the source has listed */
                found: number;
                /** @description Recordings that are lectures of the course */
                imported: number;
            };
            /** Format: uuid */
            course_id: string;
            /** Format: date-time */
            created_at: string;
            error_code: string | null;
            error_message: string | null;
            /** Format: uuid */
            id: string;
            /** @enum {string} */
            kind: "folder" | "feed" | "list";
            /** Format: date-time */
            last_synced_at: string | null;
            /**
             * Format: date-time
             * @description Null: only on request
             */
            next_sync_at: string | null;
            recordings: {
                duration_ms: number | null;
                error_code: string | null;
                error_message: string | null;
                /** Format: uuid */
                lecture_id: string | null;
                /** Format: date-time */
                recorded_at: string | null;
                session_id: string;
                /** @description Of the lecture; `found` before the import, `refused`, `deleted` */
                status: string;
                title: string | null;
                url: string;
            }[];
            /**
             * @description `ready`: all recordings are imported, their lectures can still be processed
             * @enum {string}
             */
            state: "waiting" | "syncing" | "ready" | "failed";
            sync_every_hours: number | null;
            title: string | null;
            transcription: boolean;
            /** Format: date-time */
            updated_at: string;
            url: string;
            /**
             * Format: date-time
             * @description Of the lectures that it imports; null: at once
             */
            visible_from: string | null;
        };
        Document: {
            chunk_count: number;
            /** Format: uuid */
            course_id: string;
            /** Format: date-time */
            created_at: string;
            described_page_count: number;
            /** Format: uuid */
            description_job_id: string;
            filename: string;
            /** Format: uuid */
            id: string;
            language_code: string | null;
            metadata: {
                [key: string]: unknown;
            };
            mime_type: string;
            /**
             * Format: uuid
             * @description Personal material: only this user and admins see it
             */
            owner_id: string | null;
            page_count: number | null;
            page_releases: {
                page_from: number;
                page_to: number;
                visible_from: string;
            }[];
            sha256: string;
            size_bytes: number;
            /** @enum {string} */
            status: "uploaded" | "described" | "embedding" | "completed" | "failed" | "paused";
            status_reason: string | null;
            title: string | null;
            /** Format: date-time */
            updated_at: string;
            /** @description Address of the PDF of the current version */
            url: string;
            /**
             * Format: date-time
             * @description Students see it from then on; null: at once
             */
            visible_from: string | null;
        };
        DocumentAccepted: {
            /** Format: uuid */
            document_id: string;
            /** Format: uuid */
            job_id: string;
        };
        DocumentFolderAccepted: {
            /** @description One for each file, in the order of the request */
            items: {
                document: {
                    /** @description false: the course already had a document with these bytes */
                    created: boolean;
                    /** Format: uuid */
                    document_id: string;
                    /** Format: uuid */
                    job_id: string;
                } | null;
                /** @description Why this file is refused */
                error: {
                    code: string;
                    message: string;
                } | null;
                /** @description With the folders that the client named, to be shown */
                filename: string;
            }[];
        };
        DocumentStatus: {
            /** @description Number of attempts so far; 0 before the first */
            attempt: number;
            /** Format: uuid */
            document_id: string;
            error_code: string | null;
            error_message: string | null;
            /** Format: date-time */
            finished_at: string | null;
            /** Format: uuid */
            job_id: string;
            /** @description `paused`: a budget is used up; `resume` continues */
            job_state: string;
            /**
             * Format: date-time
             * @description When the next attempt can start; null while one runs, and for a paused job that does not resume by itself
             */
            next_attempt_at: string | null;
            progress_percent: number;
            /** @description The job ended its process before, so it runs in a process of its own */
            quarantined: boolean;
            /** Format: date-time */
            started_at: string | null;
            /** @enum {string} */
            status: "uploaded" | "described" | "embedding" | "completed" | "failed" | "paused";
            status_reason: string | null;
            /** Format: date-time */
            updated_at: string;
            /** @description The provider that the next attempt waits for */
            waiting_for: string | null;
        };
        DocumentSummary: {
            chunk_count: number;
            /** Format: uuid */
            course_id: string;
            /** Format: date-time */
            created_at: string;
            described_by: {
                model: number;
                ocr: number;
                text: number;
            };
            described_page_count: number;
            /** Format: uuid */
            description_job_id: string;
            filename: string;
            /** Format: uuid */
            id: string;
            language_code: string | null;
            languages: string[];
            metadata: {
                [key: string]: unknown;
            };
            mime_type: string;
            /**
             * Format: uuid
             * @description Personal material: only this user and admins see it
             */
            owner_id: string | null;
            page_count: number | null;
            page_releases: {
                page_from: number;
                page_to: number;
                visible_from: string;
            }[];
            pages: {
                /** @description Why text is missing; `picture_not_read`: no model and no OCR is configured */
                describe_error: string | null;
                /** @enum {string} */
                described_by: "model" | "ocr" | "text";
                excerpt: string;
                key_terms: string[];
                /** @description The number that the deck itself gives the page */
                label: string | null;
                page_number: number;
                section: string | null;
                title: string | null;
            }[];
            sha256: string;
            size_bytes: number;
            /** @enum {string} */
            status: "uploaded" | "described" | "embedding" | "completed" | "failed" | "paused";
            status_reason: string | null;
            title: string | null;
            /** Format: date-time */
            updated_at: string;
            /** @description Address of the PDF of the current version */
            url: string;
            /**
             * Format: date-time
             * @description Students see it from then on; null: at once
             */
            visible_from: string | null;
        };
        DocumentVersion: {
            /** Format: uuid */
            document_id: string;
            filename: string;
            page_count: number | null;
            /** Format: date-time */
            replaced_at: string | null;
            sha256: string;
            size_bytes: number;
            /**
             * @description current: questions are answered from it; building: a job makes it; failed: its job failed or was cancelled; replaced: it was current before
             * @enum {string}
             */
            status: "current" | "building" | "failed" | "replaced";
            /** Format: date-time */
            uploaded_at: string;
            /** @description Address of the file of this version */
            url: string;
        };
        Embeddings: {
            data: {
                /** @description A text for the format base64 */
                embedding: number[] | string;
                index: number;
                /** @constant */
                object: "embedding";
            }[];
            /** @description The model that made the vectors: `provider:model` */
            embedding_model: string;
            /** @description As in the request */
            model: string;
            /** @constant */
            object: "list";
            usage: {
                prompt_tokens: number;
                total_tokens: number;
            };
        };
        /**
         * @description docs/errors.md explains each code
         * @enum {string}
         */
        ErrorCode: "request_invalid" | "body_malformed" | "content_type_invalid" | "body_too_complex" | "content_encoding_invalid" | "body_too_slow" | "body_too_large" | "method_not_allowed" | "origin_not_allowed" | "unauthenticated" | "forbidden" | "key_not_found" | "identity_provider_unavailable" | "host_not_allowed" | "rate_limited" | "too_many_at_once" | "range_not_satisfiable" | "route_not_found" | "course_not_found" | "document_not_found" | "lecture_not_found" | "user_not_found" | "not_released" | "session_not_found" | "webhook_not_found" | "message_not_found" | "source_not_found" | "job_not_found" | "version_not_found" | "page_not_found" | "not_retryable" | "not_hurryable" | "not_cancellable" | "idempotency_key_in_use" | "idempotency_key_reused" | "message_invalid" | "worker_crashed" | "claim_lost" | "asset_deleted" | "cancelled" | "database_older" | "database_newer" | "database_foreign" | "migration_changed" | "document_file_missing" | "audio_file_missing" | "storage_full" | "storage_unavailable" | "pdf_invalid" | "pdf_encrypted" | "pdf_empty" | "pdf_too_many_pages" | "pdf_too_complex" | "pdf_reader_killed" | "document_without_text" | "document_duplicate" | "lecture_busy" | "no_recording" | "document_busy" | "page_render_failed" | "audio_invalid" | "audio_extraction_failed" | "recording_incomplete" | "recording_without_sound" | "recording_too_long" | "tool_missing" | "tool_killed" | "provider_unauthorized" | "provider_quota_exceeded" | "provider_rate_limited" | "provider_busy" | "provider_unavailable" | "provider_answer_invalid" | "provider_answer_unusable" | "provider_waiting" | "budget_exceeded" | "not_paused" | "provider_request_refused" | "address_blocked" | "fetch_timeout" | "fetch_interrupted" | "fetch_too_large" | "recording_not_ready" | "recording_processing" | "recording_unsupported" | "media_refused" | "panopto_url_invalid" | "panopto_url_not_a_session" | "panopto_collection_invalid" | "panopto_collection_unreadable" | "panopto_login_required" | "panopto_session_not_found" | "panopto_no_streams" | "panopto_refused" | "transcriber_missing" | "recording_without_speech" | "transcription_not_wanted" | "sound_gone" | "transcript_not_ready" | "answer_not_running" | "answer_withheld" | "chat_failed" | "resume_invalid" | "chat_interrupted" | "transcript_invalid" | "correction_conflict" | "correction_not_found" | "embedding_model_unavailable" | "too_many_corrections" | "exam_without_questions" | "exam_not_worse" | "exam_running" | "model_worse" | "evaluation_set_invalid" | "file_not_written" | "nothing_to_roll_back" | "backup_not_found" | "backup_damaged" | "backup_incompatible" | "backup_place_unavailable" | "backup_running" | "restore_not_empty" | "restore_busy" | "config_invalid" | "database_unavailable" | "database_not_opened" | "database_locked" | "internal";
        ExamMeasure: {
            /** @description By the origin of the questions */
            groups: {
                [key: string]: {
                    high: number;
                    low: number;
                    mean: number;
                    n: number;
                };
            };
            high: number;
            low: number;
            mean: number;
            n: number;
            name: string;
            /** @enum {string} */
            section: "retrieval" | "answers" | "refusal";
        };
        ExamRun: {
            /**
             * Format: date-time
             * @description When an administrator accepted the regressions
             */
            accepted_at: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: uuid */
            id: string;
            /** @description Whether there was an earlier exam to compare with */
            is_compared: boolean;
            /** @description Models, chunk sizes or weights changed since: run it again */
            is_outdated: boolean;
            /**
             * @description search: without answers and refusals
             * @enum {string}
             */
            kind: "full" | "search";
            /** @description From 0 to 1, higher is better; 95 % intervals */
            measures: components["schemas"]["ExamMeasure"][];
            questions: number;
            /** @description Measures that are worse than in the last run without a regression, or in an accepted run */
            regressions: string[];
            settings: {
                [key: string]: string | number | boolean;
            };
        };
        ExportedFeedback: {
            answer: string | null;
            /** @description The number of the rated citation; null: the answer */
            citation: number | null;
            /** @description The citations of the answer, as they were when it was rated */
            citations: {
                [key: string]: unknown;
            }[];
            comment: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            message_id: string;
            model: string | null;
            /** @description Null if the caller cannot read conversations */
            question: string | null;
            /** @enum {string} */
            rating: "up" | "down";
            /** @enum {string|null} */
            reason: "wrong" | "incomplete" | "not_in_course" | "wrong_citation" | "unclear" | "other" | null;
            /** @description All passages that were retrieved for the answer */
            references: {
                [key: string]: unknown;
            }[];
            /** Format: uuid */
            session_id: string;
            /** Format: date-time */
            updated_at: string;
        };
        Feedback: {
            /** @description The number of the rated citation; null: the answer */
            citation: number | null;
            comment: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            message_id: string;
            /** @enum {string} */
            rating: "up" | "down";
            /** @enum {string|null} */
            reason: "wrong" | "incomplete" | "not_in_course" | "wrong_citation" | "unclear" | "other" | null;
            /** Format: uuid */
            session_id: string;
            /** Format: date-time */
            updated_at: string;
        };
        FieldProblem: {
            message: string;
            /** @description The field, such as `segments.3.end_ms` */
            path: string;
        };
        Forecast: {
            /** @constant */
            dry_run: true;
            forecast: {
                audio_minutes: number;
                /** @description The first budget at which the job would pause */
                exceeded: {
                    limit: number;
                    needed: number;
                    /** @enum {string} */
                    scope: "asset" | "course" | "day";
                    /** @enum {string} */
                    unit: "audio_minutes" | "pages" | "usd";
                    used: number;
                } | null;
                pages: number;
                /** @description null: the table `provider_prices` lacks the model */
                usd: number | null;
            };
        };
        Health: {
            /** @description Only with a credential, where one is required */
            checks?: {
                /** @enum {string} */
                database: "ok" | "failed" | "off";
                /**
                 * @description full: the next upload can fail
                 * @enum {string}
                 */
                disk: "ok" | "low" | "full" | "failed";
                /**
                 * @description failed: calls to a provider fail, so jobs wait for it; off: unknown
                 * @enum {string}
                 */
                providers: "ok" | "failed" | "off";
                /** @enum {string} */
                queue: "ok" | "failed" | "off";
                /**
                 * @description Writes and removes a few bytes; the result is kept for 10 s
                 * @enum {string}
                 */
                storage: "ok" | "failed" | "off";
                /**
                 * @description failed: jobs wait, and no worker runs in any process
                 * @enum {string}
                 */
                workers: "ok" | "starting" | "failed" | "off";
            };
            /** @description Only with a credential, where one is required. The disk of DATA_ROOT */
            disk?: {
                free_bytes: number;
                total_bytes: number;
            } | null;
            /** @description Only with a credential, where one is required; null without the database */
            queue?: {
                /** @description Failed jobs and invalid messages */
                dead_letters: number;
                /**
                 * Format: date-time
                 * @description After a restore no job begins, until the queue is resumed
                 */
                held_since: string | null;
                /** @description How long the oldest job that could start has waited for a worker */
                oldest_pending_seconds: number | null;
                /** @description Jobs that continue when they are resumed */
                paused: number;
                running: number;
                waiting: number;
                /** @description Workers of all processes that run or start when they are needed */
                workers: number;
            } | null;
            /**
             * @description starting: the workers of this process do not run yet
             * @enum {string}
             */
            status: "ok" | "starting" | "degraded";
            /** @description Only with a credential, where one is required */
            version?: string;
            /** @description Only with a credential, where one is required */
            waiting_for?: {
                /** @description Jobs that wait for the provider */
                jobs: number;
                /** Format: date-time */
                next_probe_at: string;
                provider: string;
                /** Format: date-time */
                since: string;
            }[];
        };
        IssuedApiKey: {
            /** @description Null: all courses */
            course_ids: string[] | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string | null;
            /** @description The whole key. It is shown only here: store it now */
            key: string;
            /** @description The public part of the key */
            key_id: string;
            /**
             * Format: date-time
             * @description Updated at most once a minute
             */
            last_used_at: string | null;
            name: string;
            /** @description Null: the limits of RATE_LIMITS */
            rate_per_minute: number | null;
            /** Format: date-time */
            revoked_at: string | null;
            scopes: ("read" | "ingest" | "chat" | "admin")[];
        };
        IssuedShareLink: {
            /** Format: uuid */
            course_id: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string;
            key_id: string;
            /**
             * Format: date-time
             * @description Updated at most once a minute
             */
            last_used_at: string | null;
            name: string;
            /** Format: date-time */
            revoked_at: string | null;
            /** @description The whole link. It is shown only here */
            url: string;
        };
        Job: {
            /**
             * @description `waiting`: for a worker, for its next attempt or for a provider; `paused`: until it is resumed
             * @enum {string}
             */
            activity: "waiting" | "running" | "paused" | "completed" | "failed";
            /** Format: uuid */
            asset_id: string;
            attempt: number;
            /** Format: uuid */
            course_id: string;
            /** @description Attempts that crashed their process */
            crashes: number;
            /** Format: date-time */
            created_at: string;
            error_code: string | null;
            error_message: string | null;
            /** @description Attempts that ended with an error */
            errors: number;
            /** Format: date-time */
            finished_at: string | null;
            /** @description Attempts that ended with their process, for any reason */
            interruptions: number;
            /** Format: uuid */
            job_id: string;
            job_state: string;
            /** @enum {string} */
            kind: "lecture" | "document";
            /** Format: date-time */
            next_attempt_at: string | null;
            /** @enum {string} */
            priority: "normal" | "high";
            progress_percent: number;
            /** @description The job runs in a process of its own */
            quarantined: boolean;
            /** Format: date-time */
            started_at: string | null;
            title: string | null;
            /** @description The provider whose failure delays the next attempt */
            waiting_for: string | null;
        };
        JobDetails: {
            /**
             * @description `waiting`: for a worker, for its next attempt or for a provider; `paused`: until it is resumed
             * @enum {string}
             */
            activity: "waiting" | "running" | "paused" | "completed" | "failed";
            /** Format: uuid */
            asset_id: string;
            attempt: number;
            /** Format: uuid */
            course_id: string;
            /** @description Attempts that crashed their process */
            crashes: number;
            /** Format: date-time */
            created_at: string;
            error_code: string | null;
            error_message: string | null;
            /** @description Attempts that ended with an error */
            errors: number;
            /** Format: date-time */
            finished_at: string | null;
            /** @description Attempts that ended with their process, for any reason */
            interruptions: number;
            /** Format: uuid */
            job_id: string;
            job_state: string;
            /** @enum {string} */
            kind: "lecture" | "document";
            /** @description The history of the attempts, oldest first */
            log: {
                [key: string]: unknown;
            }[];
            /** Format: date-time */
            next_attempt_at: string | null;
            /** @enum {string} */
            priority: "normal" | "high";
            progress_percent: number;
            /** @description The job runs in a process of its own */
            quarantined: boolean;
            /** Format: date-time */
            started_at: string | null;
            title: string | null;
            /** @description The provider whose failure delays the next attempt */
            waiting_for: string | null;
        };
        /** @description A response of JSON-RPC 2.0: `result` or `error` */
        JsonRpcResponse: {
            error?: {
                code: number;
                data?: unknown;
                message: string;
            };
            id: string | number | null;
            /** @constant */
            jsonrpc: "2.0";
            result?: {
                [key: string]: unknown;
            };
        };
        LatestExamRun: {
            run: components["schemas"]["ExamRun"] | null;
        };
        Lecture: {
            /** @constant */
            asset_type: "audio";
            audio_duration_seconds: number | null;
            /** Format: uuid */
            course_id: string;
            /** Format: date-time */
            created_at: string;
            /** @enum {string} */
            embed_status: "pending" | "processing" | "completed" | "failed" | "skipped";
            /** Format: uuid */
            id: string;
            language_code: string | null;
            /** Format: uuid */
            last_job_id: string;
            links: {
                events: string;
                self: string;
                status: string;
                transcript: string;
                viewer: string | null;
            };
            /** @description Address of a recording outside Panopto */
            media_url: string | null;
            metadata: {
                [key: string]: unknown;
            };
            /**
             * Format: uuid
             * @description Personal material: only this user and admins see it
             */
            owner_id: string | null;
            panopto_session_id: string | null;
            panopto_url: string | null;
            /** @description The last job makes a transcript that replaces the one in use */
            retranscribing: boolean;
            /** @enum {string} */
            source: "panopto" | "upload" | "transcript";
            /** @enum {string} */
            status: "pending" | "downloading" | "transcribing" | "embedding" | "completed" | "failed" | "paused";
            status_reason: string | null;
            title: string | null;
            /** @enum {string} */
            transcript_status: "pending" | "processing" | "completed" | "failed" | "skipped";
            transcription: boolean;
            /** Format: date-time */
            updated_at: string;
            /**
             * Format: date-time
             * @description Students see it from then on; null: at once
             */
            visible_from: string | null;
        };
        LectureAccepted: {
            /** Format: uuid */
            job_id: string;
            /** Format: uuid */
            lecture_id: string;
        };
        LectureChapters: {
            items: {
                /** @description As in the timeline */
                confidence: number;
                /** @description null: the title is from the recording */
                document_id: string | null;
                /** @description Exclusive; the next chapter starts here */
                end_ms: number;
                /** @description The first page of the chapter, from 1 */
                page_number: number | null;
                /** @description Milliseconds from the start of the recording */
                start_ms: number;
                /** @description Title of the slide, or else its first line */
                title: string;
            }[];
        };
        LectureDetails: {
            /** @constant */
            asset_type: "audio";
            audio_duration_seconds: number | null;
            /**
             * Format: date-time
             * @description When the uploaded audio of a failed or cancelled lecture is removed; until then retry can use it. Null while a job needs it, and without uploaded audio
             */
            audio_kept_until: string | null;
            /** @description SHA-256 of the audio that was transcribed, an MP3; null without audio */
            audio_sha256: string | null;
            chunk_count: number;
            /** Format: uuid */
            course_id: string;
            /** Format: date-time */
            created_at: string;
            /** @enum {string} */
            embed_status: "pending" | "processing" | "completed" | "failed" | "skipped";
            /** @description The first characters of the transcript */
            excerpt: string | null;
            flags: {
                has_transcript: boolean;
                is_embedded: boolean;
            };
            /** Format: uuid */
            id: string;
            job: {
                /** @description Number of attempts so far; 0 before the first */
                attempt: number;
                error_code: string | null;
                error_message: string | null;
                /** Format: date-time */
                finished_at: string | null;
                /** Format: uuid */
                job_id: string;
                /** @description `paused`: a budget is used up; `resume` continues */
                job_state: string;
                /**
                 * Format: date-time
                 * @description When the next attempt can start; null while one runs, and for a paused job that does not resume by itself
                 */
                next_attempt_at: string | null;
                progress_percent: number;
                /** @description The job ended its process before, so it runs in a process of its own */
                quarantined: boolean;
                /** Format: date-time */
                started_at: string | null;
                /** Format: date-time */
                updated_at: string;
                /** @description The provider that the next attempt waits for */
                waiting_for: string | null;
            };
            language_code: string | null;
            /** Format: uuid */
            last_job_id: string;
            links: {
                events: string;
                self: string;
                status: string;
                transcript: string;
                viewer: string | null;
            };
            /** @description Address of a recording outside Panopto */
            media_url: string | null;
            metadata: {
                [key: string]: unknown;
            };
            /**
             * Format: uuid
             * @description Personal material: only this user and admins see it
             */
            owner_id: string | null;
            panopto_session_id: string | null;
            panopto_url: string | null;
            /** @description The last job makes a transcript that replaces the one in use */
            retranscribing: boolean;
            slide_changes: {
                caption?: string;
                sequence?: number;
                time_ms: number;
            }[];
            /** @enum {string} */
            source: "panopto" | "upload" | "transcript";
            /** @enum {string} */
            status: "pending" | "downloading" | "transcribing" | "embedding" | "completed" | "failed" | "paused";
            status_reason: string | null;
            title: string | null;
            /** @enum {string} */
            transcript_status: "pending" | "processing" | "completed" | "failed" | "skipped";
            transcription: boolean;
            /** Format: date-time */
            updated_at: string;
            /**
             * Format: date-time
             * @description Students see it from then on; null: at once
             */
            visible_from: string | null;
        };
        LectureDownload: {
            /** Format: uuid */
            course_id: string;
            /** @description Makes it personal material, which only this user and admins see. `me`: the user of the token */
            owner_id?: "me" | string;
            /** @description Any address of one recording as users have it: viewer, embed code, podcast, login or mail link */
            panopto_url: string;
            /**
             * @default normal
             * @enum {string}
             */
            priority?: "normal" | "high";
            title?: string;
            /**
             * @description false stores title, duration and slide changes only
             * @default true
             */
            transcription?: boolean;
            /**
             * Format: date-time
             * @description Students see it from this time on; unset: at once
             */
            visible_from?: string;
        };
        LectureQuality: {
            /** @description More than 30 seconds without speech */
            gaps: {
                /** @description Exclusive */
                end_ms: number;
                /** @description Milliseconds from the start of the recording */
                start_ms: number;
            }[];
            /** Format: uuid */
            lecture_id: string;
            /** @description Where the timeline is not sure which slide is shown */
            low_confidence: {
                /** @description The lowest of the stretch */
                confidence: number;
                /** @description Exclusive */
                end_ms: number;
                /** @description Milliseconds from the start of the recording */
                start_ms: number;
            }[];
            reading_speed: {
                /** @description Above 20 characters per second; the fastest 100 */
                fast_captions: {
                    characters_per_second: number;
                    /** @description Exclusive */
                    end_ms: number;
                    /** @description Milliseconds from the start of the recording */
                    start_ms: number;
                }[];
                /** @description Of five minutes each */
                stretches: {
                    /** @description Exclusive */
                    end_ms: number;
                    /** @description Milliseconds from the start of the recording */
                    start_ms: number;
                    words: number;
                    /** @description Of the spoken time; null without speech */
                    words_per_minute: number | null;
                }[];
            };
            totals: {
                captions: number;
                duration_ms: number;
                fast_captions: number;
                /** @description null: the lecture has no timeline */
                low_confidence_ms: number | null;
                /** @description Length of the gaps */
                silent_ms: number;
                spoken_ms: number;
                words: number;
                /** @description Of the spoken time; null without speech */
                words_per_minute: number | null;
            };
            /** @description Words that the slides do not have, at most 50 of each kind; empty without slides */
            unknown_terms: {
                /** @description Places in the transcript; with a suggestion at most 20 */
                count: number;
                /** @description Of the first place */
                start_ms: number;
                /** @description A term of the slides that it probably is; null: a rare word */
                suggestion: {
                    /** Format: uuid */
                    document_id: string;
                    page_number: number;
                    /** @enum {string} */
                    reason: "spacing" | "sound" | "spelling";
                    replacement: string;
                } | null;
                term: string;
            }[];
        };
        LectureSlides: {
            /** @description The decks of the course: first those in use, in order, then by score */
            documents: {
                /** Format: uuid */
                document_id: string;
                filename: string;
                page_count: number | null;
                /** @description Share of the deck's word pairs that the lecture speaks; null: not computed */
                score: number | null;
                suggested: boolean;
                title: string | null;
                /** @description The timeline shows pages of this deck */
                used: boolean;
            }[];
            /** Format: uuid */
            lecture_id: string;
            /**
             * @description Whether the suggested decks are used, or those that a teacher assigned
             * @enum {string}
             */
            mode: "suggested" | "assigned";
            /** @description The lecture or a deck has changed, and the timeline is being computed */
            pending: boolean;
        };
        LectureStatus: {
            /** @description Number of attempts so far; 0 before the first */
            attempt: number;
            /**
             * Format: date-time
             * @description When the uploaded audio of a failed or cancelled lecture is removed; until then retry can use it. Null while a job needs it, and without uploaded audio
             */
            audio_kept_until: string | null;
            error_message: string | null;
            /** Format: date-time */
            finished_at: string | null;
            /** Format: uuid */
            job_id: string;
            /** @description `paused`: a budget is used up; `resume` continues */
            job_state: string;
            /** Format: uuid */
            lecture_id: string;
            /**
             * Format: date-time
             * @description When the next attempt can start; null while one runs, and for a paused job that does not resume by itself
             */
            next_attempt_at: string | null;
            progress_percent: number;
            /** @description The job ended its process before, so it runs in a process of its own */
            quarantined: boolean;
            /** Format: date-time */
            started_at: string | null;
            /** @enum {string} */
            status: "pending" | "downloading" | "transcribing" | "embedding" | "completed" | "failed" | "paused";
            /** Format: date-time */
            updated_at: string;
            /** @description The provider that the next attempt waits for */
            waiting_for: string | null;
        };
        LectureTimeline: {
            /** Format: uuid */
            lecture_id: string;
            /** @description The lecture or a deck has changed, and the timeline is being computed */
            pending: boolean;
            spans: {
                /** @description How clearly this page is shown; 1 where the recording states its slide changes */
                confidence: number;
                /** @description Whether it is used beside passages and to hide the speech over hidden pages. Of recorded lectures, 98 % of such moments are right within one page */
                confident: boolean;
                /** Format: uuid */
                document_id: string;
                /** @description Exclusive */
                end_ms: number;
                /** @description The page as an image */
                image_url: string;
                /** @description Printed number of the page, if it differs */
                page_label: string | null;
                /** @description Position in the file, from 1 */
                page_number: number;
                page_title: string | null;
                /** @description Opens the PDF at the page */
                page_url: string;
                /**
                 * @description speech: from the words of speech and slides; panopto: from the recording
                 * @enum {string}
                 */
                source: "speech" | "panopto";
                /** @description Milliseconds from the start of the recording */
                start_ms: number;
                /** @description Of the document */
                title: string | null;
                /** @description Opens the recording, or else the transcript, at the start */
                url: string;
            }[];
        };
        NewCourseSource: {
            /**
             * @description Look for new recordings in this interval; null: only on request
             * @default null
             */
            sync_every_hours?: number | null;
            title?: string;
            /**
             * @description false stores titles and slide changes only
             * @default true
             */
            transcription?: boolean;
            /** @description A Panopto folder or its podcast feed */
            url?: string;
            /** @description Addresses of recordings */
            urls?: string[];
            /**
             * Format: date-time
             * @description Students see the imported lectures from this time on; null: at once
             * @default null
             */
            visible_from?: string | null;
        };
        NewFeedback: {
            /**
             * @description The number of the rated citation; null: the whole answer
             * @default null
             */
            citation?: number | null;
            /** @default null */
            comment?: string | null;
            /** @enum {string} */
            rating: "up" | "down";
            /**
             * @default null
             * @enum {string|null}
             */
            reason?: "wrong" | "incomplete" | "not_in_course" | "wrong_citation" | "unclear" | "other" | null;
        };
        NewWebhook: {
            /**
             * Format: uuid
             * @description Only events of this course; unset: of all courses
             */
            course_id?: string;
            /** @default null */
            description?: string | null;
            /** @description Null: all types, also those that are added later */
            event_types?: ("lecture.queued" | "lecture.completed" | "lecture.failed" | "lecture.deleted" | "document.queued" | "document.completed" | "document.failed" | "document.replaced" | "document.deleted" | "budget.exceeded" | "question.unanswered" | "webhook.disabled")[] | null;
            /** @description https, on the usual port, at a public host */
            url: string;
        };
        /** @description An error in the form of OpenAI's API */
        OpenAiError: {
            error: {
                code: components["schemas"]["ErrorCode"];
                message: string;
                /** @description The field that is wrong */
                param: string | null;
                type: string;
            };
        };
        OpenAiResponse: {
            citations?: {
                /** Format: uuid */
                asset_id: string;
                /** Format: uuid */
                chunk_id: string;
                end_ms?: number;
                /** @description Of a document, as uploaded */
                filename?: string;
                /** @description Of a page: the five longest moments at which it is surely shown, in order of time */
                moments?: {
                    /** @description 0 to 1; 1 where the recording states its slide changes */
                    confidence: number;
                    end_ms: number;
                    /** Format: uuid */
                    lecture_id: string;
                    start_ms: number;
                    /** @description Of the lecture */
                    title: string | null;
                    /** @description Opens the recording, or else the transcript, at the start */
                    url: string;
                }[];
                number: number;
                /** @description Number printed on the page, such as iii, if it differs from the position */
                page_label?: string;
                /** @description Position of the page in the file, from 1 */
                page_number?: number;
                /** @description Verbatim from the stored text */
                quote: string;
                /**
                 * @description The asset has another version now; `url` still opens the quoted page of a document
                 * @constant
                 */
                replaced?: true;
                /** @description The version that is quoted: the SHA-256 of the PDF or of the transcript */
                sha256?: string;
                /** @description Of a moment: the slide that is shown then, if the timeline is confident */
                slide?: {
                    /** @description 0 to 1; 1 where the recording states its slide changes */
                    confidence: number;
                    /** Format: uuid */
                    document_id: string;
                    /** @description Number printed on the page, such as iii, if it differs from the position */
                    page_label?: string;
                    page_number: number;
                    /** @description Of the document */
                    title: string | null;
                    /** @description Opens the PDF at the page */
                    url: string;
                };
                /** @enum {string} */
                source: "lectures" | "slides";
                start_ms?: number;
                title: string | null;
                /**
                 * @description Every sentence that cites this passage is in `unsupported`
                 * @constant
                 */
                unsupported?: true;
                /** @description Absolute address that opens the page, or the recording at the second */
                url: string | null;
                /**
                 * @description In old answers: the material is not visible now, so there is no quote and no `url`
                 * @constant
                 */
                withheld?: true;
            }[];
            created_at: number;
            error: {
                code: string;
                message: string;
            } | null;
            id: string;
            incomplete_details: {
                reason: string;
            } | null;
            model: string;
            /** @description The parts of the request that were left out */
            notes?: string[];
            /** @constant */
            object: "response";
            output: ({
                content: {
                    annotations: {
                        end_index: number;
                        start_index: number;
                        title: string;
                        /** @constant */
                        type: "url_citation";
                        url: string;
                    }[];
                    logprobs: unknown[];
                    text: string;
                    /** @constant */
                    type: "output_text";
                }[];
                id: string;
                /** @constant */
                role: "assistant";
                status: string;
                /** @constant */
                type: "message";
            } | {
                arguments: string;
                call_id: string;
                id: string;
                name: string;
                status: string;
                /** @constant */
                type: "function_call";
            })[];
            /** @enum {string} */
            status: "in_progress" | "completed" | "incomplete" | "failed";
            /** @description Sentences that the passages at their marks do not support: a number in digits, the unit of a number, or a quotation is not in the passages, or nearly none of the words are. The check does not notice negations, swapped subjects, wrong names or numbers in words. */
            unsupported?: {
                /** @description Exclusive UTF-16 offset in `content` */
                end: number;
                /** @description The citations of the sentence */
                numbers: number[];
                /** @enum {string} */
                reason: "number" | "quotation" | "unit" | "unrelated";
                /** @description UTF-16 offset in `content` */
                start: number;
            }[];
        } & {
            [key: string]: unknown;
        };
        OpenAiResponseEvent: {
            sequence_number: number;
            type: string;
        } & {
            [key: string]: unknown;
        };
        PageMoments: {
            /** Format: uuid */
            document_id: string;
            moments: {
                /** @description How clearly this page is shown; 1 where the recording states its slide changes */
                confidence: number;
                /** @description Whether it is used beside passages and to hide the speech over hidden pages. Of recorded lectures, 98 % of such moments are right within one page */
                confident: boolean;
                /** @description Exclusive */
                end_ms: number;
                /** Format: uuid */
                lecture_id: string;
                /**
                 * @description speech: from the words of speech and slides; panopto: from the recording
                 * @enum {string}
                 */
                source: "speech" | "panopto";
                /** @description Milliseconds from the start of the recording */
                start_ms: number;
                /** @description Of the lecture */
                title: string | null;
                /** @description Opens the recording, or else the transcript, at the start */
                url: string;
            }[];
            page_number: number;
        };
        PageText: {
            /** Format: uuid */
            document_id: string;
            page_number: number;
            /** @description In the order of the file; empty for a picture without text */
            words: {
                height: number;
                text: string;
                width: number;
                /** @description Left side, as a share of the page's width */
                x: number;
                /** @description Upper side, as a share of the page's height */
                y: number;
            }[];
        };
        Passage: {
            /** Format: uuid */
            chunk_id: string;
            citation: components["schemas"]["Citation"];
            content: string;
            /** @description One entry for each chunk of the passage, in order; only with `explain` */
            explain?: {
                /** Format: uuid */
                chunk_id: string;
                /** @description Cosine distance; null if the chunk has no comparable vector */
                distance: number | null;
                /** @description The model of the chunk's vector */
                model: string | null;
                score: number;
                /** @description Vector similarity scaled to 0 to 1, as used in the score */
                similarity: number;
                /** @description Text score before scaling to 0 to 1; null without a match */
                text_score: number | null;
                /** @description Word match scaled to 0 to 1, as used in the score */
                words: number;
            }[];
            metadata: {
                [key: string]: unknown;
            };
            /** @description Of a page: the five longest moments at which it is surely shown, in order of time */
            moments?: {
                /** @description 0 to 1; 1 where the recording states its slide changes */
                confidence: number;
                end_ms: number;
                /** Format: uuid */
                lecture_id: string;
                start_ms: number;
                /** @description Of the lecture */
                title: string | null;
                /** @description Opens the recording, or else the transcript, at the start */
                url: string;
            }[];
            /** @description 0 to 1, higher is better; comparable within one response only */
            score: number;
            /** @description Of a moment: the slide that is shown then, if the timeline is confident */
            slide?: {
                /** @description 0 to 1; 1 where the recording states its slide changes */
                confidence: number;
                /** Format: uuid */
                document_id: string;
                /** @description Number printed on the page, such as iii, if it differs from the position */
                page_label?: string;
                page_number: number;
                /** @description Of the document */
                title: string | null;
                /** @description Opens the PDF at the page */
                url: string;
            };
            /** @enum {string} */
            source: "lectures" | "slides";
        };
        PlainConversation: {
            /** Format: uuid */
            course_id?: string;
            message?: string;
            messages: {
                content: string;
                id?: string;
                /** @enum {string} */
                role: "user" | "assistant" | "system";
            }[];
            /** Format: uuid */
            session_id?: string;
        };
        PlainQuestion: {
            /** Format: uuid */
            course_id?: string;
            message: string;
            messages?: {
                content: string;
                id?: string;
                /** @enum {string} */
                role: "user" | "assistant" | "system";
            }[];
            /** Format: uuid */
            session_id?: string;
        };
        /**
         * @description Problem details of RFC 9457
         * @example {
         *       "type": "/docs/errors#request_invalid",
         *       "title": "The request has missing or wrong values: correct the fields in details.fields",
         *       "status": 422,
         *       "code": "request_invalid",
         *       "request_id": "1f0c5a52-6a7e-4f0b-9a51-0d2f1f1d8a11",
         *       "details": {
         *         "fields": [
         *           {
         *             "path": "course_id",
         *             "message": "required"
         *           }
         *         ]
         *       }
         *     }
         */
        Problem: {
            code: components["schemas"]["ErrorCode"];
            detail?: string;
            /** @description Facts about this error; responses with 5xx have none */
            details?: {
                fields?: components["schemas"]["FieldProblem"][];
            } & {
                [key: string]: unknown;
            };
            /** @description The id of the request in the server's log */
            request_id: string;
            status: number;
            title: string;
            /** @description Address of the explanation */
            type: string;
        };
        ProcessingEvent: {
            /** Format: uuid */
            asset_id: string | null;
            /** @enum {string} */
            asset_type: "lecture" | "document" | "course" | "system";
            /** Format: uuid */
            course_id: string | null;
            /** Format: date-time */
            created_at: string;
            event_type: string;
            id: number;
            payload: {
                [key: string]: unknown;
            };
        };
        QuestionGroup: {
            /** @description Some questions without addresses and numbers of people; null if the caller cannot read conversations */
            examples: string[] | null;
            /** @description Three or more */
            people: number;
            /** @description Questions whose answer was rated as bad */
            rated_down: number;
            /** @description Questions that the course does not cover */
            refused: number;
            /** @description Words that at least three people used, the commonest first; with … if only the beginning is common */
            words: string[];
        };
        QuestionGroups: {
            groups: components["schemas"]["QuestionGroup"][];
        };
        Readiness: {
            /** @description Only with a credential, where one is required */
            failed?: ("database" | "storage" | "disk" | "workers")[];
            /** @enum {string} */
            status: "ready" | "starting" | "not_ready";
        };
        RetentionPreview: {
            /** @description The retention of each kind; 0: it is kept */
            days: {
                chats: number;
                embeddings: number;
                pdfs: number;
                transcripts: number;
            };
            due: {
                /** @description Documents, lectures, assets with vectors, or conversations that are deleted */
                count: number;
                /** Format: uuid */
                course_id: string;
                course_name: string;
                /** @enum {string} */
                kind: "pdfs" | "transcripts" | "embeddings" | "chats";
                /**
                 * Format: date-time
                 * @description The oldest upload, or the oldest last message
                 */
                oldest_at: string;
            }[];
        };
        /** @description RunAgentInput of AG-UI */
        RunAgentInput: {
            /** @default [] */
            context?: ({
                description: string;
                value: string;
            } & {
                [key: string]: unknown;
            })[];
            forwardedProps?: ({
                /**
                 * Format: uuid
                 * @description The course that is asked
                 */
                course_id?: string;
                /**
                 * Format: uuid
                 * @description Default: the thread's id
                 */
                session_id?: string;
            } & {
                [key: string]: unknown;
            }) | null;
            messages: (({
                content: string;
                encryptedValue?: string;
                id: string;
                metadata?: unknown;
                name?: string;
                /** @constant */
                role: "developer";
                subagentRunId?: string;
            } & {
                [key: string]: unknown;
            }) | ({
                content: string;
                encryptedValue?: string;
                id: string;
                metadata?: unknown;
                name?: string;
                /** @constant */
                role: "system";
                subagentRunId?: string;
            } & {
                [key: string]: unknown;
            }) | ({
                content?: string;
                encryptedValue?: string;
                id: string;
                metadata?: unknown;
                name?: string;
                /** @constant */
                role: "assistant";
                subagentRunId?: string;
                toolCalls?: ({
                    encryptedValue?: string;
                    function: {
                        arguments: string;
                        name: string;
                    } & {
                        [key: string]: unknown;
                    };
                    id: string;
                    metadata?: unknown;
                    /** @constant */
                    type: "function";
                } & {
                    [key: string]: unknown;
                })[];
            } & {
                [key: string]: unknown;
            }) | ({
                content: string | (({
                    id?: string;
                    metadata?: unknown;
                    text: string;
                    /** @constant */
                    type: "text";
                } & {
                    [key: string]: unknown;
                }) | ({
                    id?: string;
                    metadata?: unknown;
                    source: ({
                        mimeType: string;
                        /** @constant */
                        type: "data";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        /** @constant */
                        type: "url";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        provider?: string;
                        /** @constant */
                        type: "file";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    });
                    /** @constant */
                    type: "image";
                } & {
                    [key: string]: unknown;
                }) | ({
                    id?: string;
                    metadata?: unknown;
                    source: ({
                        mimeType: string;
                        /** @constant */
                        type: "data";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        /** @constant */
                        type: "url";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        provider?: string;
                        /** @constant */
                        type: "file";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    });
                    /** @constant */
                    type: "audio";
                } & {
                    [key: string]: unknown;
                }) | ({
                    id?: string;
                    metadata?: unknown;
                    source: ({
                        mimeType: string;
                        /** @constant */
                        type: "data";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        /** @constant */
                        type: "url";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        provider?: string;
                        /** @constant */
                        type: "file";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    });
                    /** @constant */
                    type: "video";
                } & {
                    [key: string]: unknown;
                }) | ({
                    id?: string;
                    metadata?: unknown;
                    source: ({
                        mimeType: string;
                        /** @constant */
                        type: "data";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        /** @constant */
                        type: "url";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        provider?: string;
                        /** @constant */
                        type: "file";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    });
                    /** @constant */
                    type: "document";
                } & {
                    [key: string]: unknown;
                }))[];
                encryptedValue?: string;
                id: string;
                metadata?: unknown;
                name?: string;
                /** @constant */
                role: "user";
                subagentRunId?: string;
            } & {
                [key: string]: unknown;
            }) | ({
                content: string | (({
                    id?: string;
                    metadata?: unknown;
                    text: string;
                    /** @constant */
                    type: "text";
                } & {
                    [key: string]: unknown;
                }) | ({
                    id?: string;
                    metadata?: unknown;
                    source: ({
                        mimeType: string;
                        /** @constant */
                        type: "data";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        /** @constant */
                        type: "url";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        provider?: string;
                        /** @constant */
                        type: "file";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    });
                    /** @constant */
                    type: "image";
                } & {
                    [key: string]: unknown;
                }) | ({
                    id?: string;
                    metadata?: unknown;
                    source: ({
                        mimeType: string;
                        /** @constant */
                        type: "data";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        /** @constant */
                        type: "url";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        provider?: string;
                        /** @constant */
                        type: "file";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    });
                    /** @constant */
                    type: "audio";
                } & {
                    [key: string]: unknown;
                }) | ({
                    id?: string;
                    metadata?: unknown;
                    source: ({
                        mimeType: string;
                        /** @constant */
                        type: "data";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        /** @constant */
                        type: "url";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        provider?: string;
                        /** @constant */
                        type: "file";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    });
                    /** @constant */
                    type: "video";
                } & {
                    [key: string]: unknown;
                }) | ({
                    id?: string;
                    metadata?: unknown;
                    source: ({
                        mimeType: string;
                        /** @constant */
                        type: "data";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        /** @constant */
                        type: "url";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    }) | ({
                        mimeType?: string;
                        provider?: string;
                        /** @constant */
                        type: "file";
                        value: string;
                    } & {
                        [key: string]: unknown;
                    });
                    /** @constant */
                    type: "document";
                } & {
                    [key: string]: unknown;
                }))[];
                encryptedValue?: string;
                error?: string;
                id: string;
                metadata?: unknown;
                /** @constant */
                role: "tool";
                subagentRunId?: string;
                toolCallId: string;
            } & {
                [key: string]: unknown;
            }) | ({
                activityType: string;
                content: unknown;
                id: string;
                metadata?: unknown;
                /** @constant */
                role: "activity";
                subagentRunId?: string;
            } & {
                [key: string]: unknown;
            }) | ({
                content: string;
                encryptedValue?: string;
                id: string;
                metadata?: unknown;
                /** @constant */
                role: "reasoning";
                subagentRunId?: string;
            } & {
                [key: string]: unknown;
            }))[];
            parentRunId?: string;
            protocolVersion?: string;
            resume?: ({
                interruptId: string;
                metadata?: unknown;
                payload?: unknown;
                /** @enum {string} */
                status: "resolved" | "cancelled";
            } & {
                [key: string]: unknown;
            })[];
            runId: string;
            state?: unknown;
            threadId: string;
            /** @default [] */
            tools?: ({
                description: string;
                metadata?: unknown;
                name: string;
                parameters?: unknown;
            } & {
                [key: string]: unknown;
            })[];
        } & {
            [key: string]: unknown;
        };
        ShareLink: {
            /** Format: uuid */
            course_id: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string;
            key_id: string;
            /**
             * Format: date-time
             * @description Updated at most once a minute
             */
            last_used_at: string | null;
            name: string;
            /** Format: date-time */
            revoked_at: string | null;
        };
        SignedUrls: {
            items: {
                /** Format: date-time */
                expires_at: string;
                url: string;
            }[];
        };
        SlideAssignment: {
            /** @description The decks of the lecture in the order in which it shows them; `[]`: it has none; `null` or `auto`: the suggested decks */
            document_ids: (string[] | "auto") | null;
        };
        SlideChunk: {
            chunk_index: number;
            content: string;
            embedding_model: string | null;
            /** Format: uuid */
            id: string;
            metadata: {
                [key: string]: unknown;
            };
            page_end: number;
            page_number: number;
        };
        SlideDescription: {
            /** @enum {string} */
            described_by: "model" | "ocr" | "text";
            metadata: {
                [key: string]: unknown;
            };
            normalized_description: string;
            page_number: number;
            raw_description: string;
        };
        Transcript: {
            language_code: string | null;
            /** Format: uuid */
            lecture_id: string;
            provider: string;
            segments?: {
                end_ms: number;
                speaker?: string;
                start_ms: number;
                text: string;
            }[];
            transcript_text: string;
            words?: {
                end_ms: number;
                /** @enum {string} */
                kind?: "word" | "audio_event";
                speaker?: string;
                start_ms: number;
                text: string;
            }[];
        };
        TranscriptAccepted: {
            /** Format: uuid */
            job_id: string;
            /** Format: uuid */
            lecture_id: string;
            /** @description Defects of the file; the rest of it was read */
            warnings?: {
                /** @description Of a WebVTT or SRT file, from 1 */
                line?: number;
                message: string;
                /** @description Of a JSON file, such as `segments.3` */
                path?: string;
            }[];
        };
        TranscriptCorrection: {
            /** @description Places of this lecture that it changes now */
            changes: number;
            /** Format: date-time */
            created_at: string;
            expected: string;
            /** Format: uuid */
            id: string;
            /** @description The author: the public part of a key */
            key_id: string | null;
            /**
             * Format: uuid
             * @description null: a rule of the course
             */
            lecture_id: string | null;
            match_case: boolean;
            replacement: string;
            start_ms: number | null;
            /** Format: date-time */
            undone_at: string | null;
            /**
             * Format: uuid
             * @description The author: a user
             */
            user_id: string | null;
        };
        Usage: {
            audio_minutes: number;
            calls: number;
            items: {
                calls: number;
                model: string | null;
                provider: string;
                purpose: string;
                units: {
                    [key: string]: number;
                };
                usd: number;
            }[];
            pages: number;
            /** @description Calls to models without a price, which `usd` does not include */
            unpriced_calls: number;
            /** @description By the prices in the table `provider_prices` */
            usd: number;
            /** @description Billed calls without a usable result */
            wasted_calls: number;
        };
        User: {
            /** Format: date-time */
            created_at: string;
            display_name: string | null;
            email: string | null;
            /** Format: uuid */
            id: string;
            /** @description Of the person's tokens; `x-user-id` for names from that header */
            issuer: string;
            /** @description The person's name at the issuer */
            subject: string;
        };
        UserData: {
            assets: {
                [key: string]: unknown;
            }[];
            conversations: {
                [key: string]: unknown;
            }[];
            feedback: {
                [key: string]: unknown;
            }[];
            user: components["schemas"]["User"];
        };
        Webhook: {
            /**
             * Format: uuid
             * @description Null: all courses
             */
            course_id: string | null;
            /** Format: date-time */
            created_at: string;
            description: string | null;
            /** @description Why the server disabled the webhook */
            disabled_reason: string | null;
            enabled: boolean;
            event_types: ("lecture.queued" | "lecture.completed" | "lecture.failed" | "lecture.deleted" | "document.queued" | "document.completed" | "document.failed" | "document.replaced" | "document.deleted" | "budget.exceeded" | "question.unanswered" | "webhook.disabled")[] | null;
            /** Format: date-time */
            failing_since: string | null;
            /** @description Failed attempts since the last acknowledgement */
            failures: number;
            /** Format: uuid */
            id: string;
            last_error: string | null;
            /** @description Of the newest message that was sent; 0 before the first */
            last_sequence: number;
            /** Format: date-time */
            next_attempt_at: string;
            /** Format: date-time */
            updated_at: string;
            url: string;
            /** @description Messages that are not acknowledged */
            waiting: number;
        };
        WebhookChange: {
            description?: string | null;
            /** @description true also sends the waiting messages at once */
            enabled?: boolean;
            /** @description Null: all types, also those that are added later */
            event_types?: ("lecture.queued" | "lecture.completed" | "lecture.failed" | "lecture.deleted" | "document.queued" | "document.completed" | "document.failed" | "document.replaced" | "document.deleted" | "budget.exceeded" | "question.unanswered" | "webhook.disabled")[] | null;
            /** @description https, on the usual port, at a public host */
            url?: string;
        };
        WebhookMessage: {
            /** Format: date-time */
            acknowledged_at: string | null;
            attempts: number;
            /** Format: uuid */
            course_id: string | null;
            /** Format: date-time */
            created_at: string;
            /** @enum {string} */
            event_type: "lecture.queued" | "lecture.completed" | "lecture.failed" | "lecture.deleted" | "document.queued" | "document.completed" | "document.failed" | "document.replaced" | "document.deleted" | "budget.exceeded" | "question.unanswered" | "webhook.disabled";
            /** @description The header `webhook-id`, the same in every attempt */
            message_id: string;
            /** @description Null before the first attempt */
            sequence: number | null;
        };
        WebhookTestResult: {
            delivered: boolean;
            error: string | null;
            /** @description Of the response; null without one */
            status: number | null;
        };
        WebhookWithSecret: {
            /**
             * Format: uuid
             * @description Null: all courses
             */
            course_id: string | null;
            /** Format: date-time */
            created_at: string;
            description: string | null;
            /** @description Why the server disabled the webhook */
            disabled_reason: string | null;
            enabled: boolean;
            event_types: ("lecture.queued" | "lecture.completed" | "lecture.failed" | "lecture.deleted" | "document.queued" | "document.completed" | "document.failed" | "document.replaced" | "document.deleted" | "budget.exceeded" | "question.unanswered" | "webhook.disabled")[] | null;
            /** Format: date-time */
            failing_since: string | null;
            /** @description Failed attempts since the last acknowledgement */
            failures: number;
            /** Format: uuid */
            id: string;
            last_error: string | null;
            /** @description Of the newest message that was sent; 0 before the first */
            last_sequence: number;
            /** Format: date-time */
            next_attempt_at: string;
            /** @description Verifies signatures. It is shown only here: store it now */
            secret: string;
            /** Format: date-time */
            updated_at: string;
            url: string;
            /** @description Messages that are not acknowledged */
            waiting: number;
        };
        WordCorrection: {
            /** @description The word or words that are there; punctuation at the ends can be omitted */
            expected: string;
            replacement: string;
            /** @description Of the first word, from 0, in `words`; without times of words, among the words of the segments' texts */
            word_index: number;
        };
    };
    responses: {
        /** @description An error of the protocol as JSON-RPC, or a refusal of this server as a problem */
        McpError: {
            headers: {
                /** @description Seconds, with 429 and 503 */
                "retry-after"?: number;
                "x-request-id"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["JsonRpcResponse"];
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description An error in the form of OpenAI's API; docs/errors.md explains its code */
        OpenAiError: {
            headers: {
                /** @description Seconds, with 429 and 503 */
                "retry-after"?: number;
                "x-request-id"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["OpenAiError"];
            };
        };
        /** @description An error; docs/errors.md explains its code */
        Problem: {
            headers: {
                /** @description Seconds, with 429 and 503 */
                "retry-after"?: number;
                "x-request-id"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type AgentCapabilities = components['schemas']['AgentCapabilities'];
export type AgUiEvent = components['schemas']['AgUiEvent'];
export type ApiKey = components['schemas']['ApiKey'];
export type Asset = components['schemas']['Asset'];
export type AuditEvent = components['schemas']['AuditEvent'];
export type Backup = components['schemas']['Backup'];
export type ChatCompletion = components['schemas']['ChatCompletion'];
export type ChatCompletionChunk = components['schemas']['ChatCompletionChunk'];
export type ChatReply = components['schemas']['ChatReply'];
export type ChatSession = components['schemas']['ChatSession'];
export type ChatSessionChange = components['schemas']['ChatSessionChange'];
export type ChatSessionFields = components['schemas']['ChatSessionFields'];
export type ChatSessionSummary = components['schemas']['ChatSessionSummary'];
export type ChatStopped = components['schemas']['ChatStopped'];
export type Citation = components['schemas']['Citation'];
export type CorrectionAccepted = components['schemas']['CorrectionAccepted'];
export type CorrectionRule = components['schemas']['CorrectionRule'];
export type CorrectionSuggestions = components['schemas']['CorrectionSuggestions'];
export type Course = components['schemas']['Course'];
export type CoursePassage = components['schemas']['CoursePassage'];
export type CourseSource = components['schemas']['CourseSource'];
export type CourseSourceAccepted = components['schemas']['CourseSourceAccepted'];
export type CourseSourcePreview = components['schemas']['CourseSourcePreview'];
export type CourseSourceWithRecordings = components['schemas']['CourseSourceWithRecordings'];
export type Document = components['schemas']['Document'];
export type DocumentAccepted = components['schemas']['DocumentAccepted'];
export type DocumentFolderAccepted = components['schemas']['DocumentFolderAccepted'];
export type DocumentStatus = components['schemas']['DocumentStatus'];
export type DocumentSummary = components['schemas']['DocumentSummary'];
export type DocumentVersion = components['schemas']['DocumentVersion'];
export type Embeddings = components['schemas']['Embeddings'];
export type ErrorCode = components['schemas']['ErrorCode'];
export type ExamMeasure = components['schemas']['ExamMeasure'];
export type ExamRun = components['schemas']['ExamRun'];
export type ExportedFeedback = components['schemas']['ExportedFeedback'];
export type Feedback = components['schemas']['Feedback'];
export type FieldProblem = components['schemas']['FieldProblem'];
export type Forecast = components['schemas']['Forecast'];
export type Health = components['schemas']['Health'];
export type IssuedApiKey = components['schemas']['IssuedApiKey'];
export type IssuedShareLink = components['schemas']['IssuedShareLink'];
export type Job = components['schemas']['Job'];
export type JobDetails = components['schemas']['JobDetails'];
export type JsonRpcResponse = components['schemas']['JsonRpcResponse'];
export type LatestExamRun = components['schemas']['LatestExamRun'];
export type Lecture = components['schemas']['Lecture'];
export type LectureAccepted = components['schemas']['LectureAccepted'];
export type LectureChapters = components['schemas']['LectureChapters'];
export type LectureDetails = components['schemas']['LectureDetails'];
export type LectureDownload = components['schemas']['LectureDownload'];
export type LectureQuality = components['schemas']['LectureQuality'];
export type LectureSlides = components['schemas']['LectureSlides'];
export type LectureStatus = components['schemas']['LectureStatus'];
export type LectureTimeline = components['schemas']['LectureTimeline'];
export type NewCourseSource = components['schemas']['NewCourseSource'];
export type NewFeedback = components['schemas']['NewFeedback'];
export type NewWebhook = components['schemas']['NewWebhook'];
export type OpenAiError = components['schemas']['OpenAiError'];
export type OpenAiResponse = components['schemas']['OpenAiResponse'];
export type OpenAiResponseEvent = components['schemas']['OpenAiResponseEvent'];
export type PageMoments = components['schemas']['PageMoments'];
export type PageText = components['schemas']['PageText'];
export type Passage = components['schemas']['Passage'];
export type PlainConversation = components['schemas']['PlainConversation'];
export type PlainQuestion = components['schemas']['PlainQuestion'];
export type Problem = components['schemas']['Problem'];
export type ProcessingEvent = components['schemas']['ProcessingEvent'];
export type QuestionGroup = components['schemas']['QuestionGroup'];
export type QuestionGroups = components['schemas']['QuestionGroups'];
export type Readiness = components['schemas']['Readiness'];
export type RetentionPreview = components['schemas']['RetentionPreview'];
export type RunAgentInput = components['schemas']['RunAgentInput'];
export type ShareLink = components['schemas']['ShareLink'];
export type SignedUrls = components['schemas']['SignedUrls'];
export type SlideAssignment = components['schemas']['SlideAssignment'];
export type SlideChunk = components['schemas']['SlideChunk'];
export type SlideDescription = components['schemas']['SlideDescription'];
export type Transcript = components['schemas']['Transcript'];
export type TranscriptAccepted = components['schemas']['TranscriptAccepted'];
export type TranscriptCorrection = components['schemas']['TranscriptCorrection'];
export type Usage = components['schemas']['Usage'];
export type User = components['schemas']['User'];
export type UserData = components['schemas']['UserData'];
export type Webhook = components['schemas']['Webhook'];
export type WebhookChange = components['schemas']['WebhookChange'];
export type WebhookMessage = components['schemas']['WebhookMessage'];
export type WebhookTestResult = components['schemas']['WebhookTestResult'];
export type WebhookWithSecret = components['schemas']['WebhookWithSecret'];
export type WordCorrection = components['schemas']['WordCorrection'];
export type ResponseMcpError = components['responses']['McpError'];
export type ResponseOpenAiError = components['responses']['OpenAiError'];
export type ResponseProblem = components['responses']['Problem'];
export type $defs = Record<string, never>;
export interface operations {
    getChatPageSettings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description PUBLIC_URL, or else the address of the request */
                        api_base_url: string;
                        bundle_version: string;
                        /** @description The sender of the request, as its key or token names it */
                        caller: {
                            /** @enum {string} */
                            kind: "open" | "key" | "user" | "link" | "anonymous";
                            scopes: ("read" | "ingest" | "chat" | "admin")[];
                        };
                        chat_model: string;
                        /** @description Your CopilotKit runtime, as in COPILOTKIT_URL and COPILOTKIT_AGENT; null without one */
                        copilotkit: {
                            agent: string;
                            runtime_url: string;
                        } | null;
                        endpoints: {
                            [key: string]: string;
                        };
                        /** @description written_answers: a model answers; sample_course: /ag-ui/sample has its material */
                        features: {
                            [key: string]: boolean;
                        };
                    };
                };
            };
        };
    };
    listAuditEvents: {
        parameters: {
            query?: {
                course_id?: string;
                cursor?: string;
                event_type?: "auth.denied" | "key.created" | "key.rotated" | "key.revoked" | "share_link.created" | "share_link.revoked" | "webhook.created" | "webhook.changed" | "webhook.rotated" | "webhook.deleted" | "file.signed" | "backup.started" | "embeddings.deleted" | "course.deleted" | "asset.deleted" | "session.deleted" | "session.exported" | "feedback.exported" | "user.deleted" | "user.exported" | "budget.changed" | "budget.overridden" | "transcript.corrected" | "transcript.correction_undone" | "exam.accepted";
                key_id?: string;
                limit?: number;
                since?: string;
                until?: string;
                user_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["AuditEvent"][];
                        next_cursor: string | null;
                    };
                };
            };
        };
    };
    listBackups: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Backup"][];
                    };
                };
            };
        };
    };
    startBackup: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Backup"];
                };
            };
        };
    };
    getBackup: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Backup"];
                };
            };
        };
    };
    ask: {
        parameters: {
            query?: {
                course_id?: string;
            };
            header?: {
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        /** @description AG-UI's RunAgentInput, or the plain body: one question, or a conversation */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "course_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
                 *       "message": "What does entropy measure?"
                 *     }
                 */
                "application/json": components["schemas"]["PlainQuestion"] | components["schemas"]["PlainConversation"] | components["schemas"]["RunAgentInput"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChatReply"];
                };
            };
        };
    };
    getCapabilities: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description The capabilities */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentCapabilities"];
                };
            };
        };
    };
    giveFeedback: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "rating": "down",
                 *       "reason": "wrong_citation",
                 *       "citation": 1,
                 *       "comment": "The slide is about another theorem."
                 *     }
                 */
                "application/json": components["schemas"]["NewFeedback"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feedback"];
                };
            };
        };
    };
    withdrawFeedback: {
        parameters: {
            query?: {
                citation?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Done; the response has no body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listSessions: {
        parameters: {
            query: {
                course_id: string;
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ChatSessionSummary"][];
                        next_cursor: string | null;
                    };
                };
            };
        };
    };
    getSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChatSession"];
                };
            };
        };
    };
    deleteSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Done; the response has no body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    renameSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "session_label": "Entropy before the exam"
                 *     }
                 */
                "application/json": components["schemas"]["ChatSessionChange"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChatSessionFields"];
                };
            };
        };
    };
    exportSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description The conversation */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/markdown": string;
                };
            };
        };
    };
    stopAnswer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChatStopped"];
                };
            };
        };
    };
    streamAnswer: {
        parameters: {
            query?: {
                course_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description AG-UI's RunAgentInput, or the plain body: one question, or a conversation */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "course_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
                 *       "message": "What does entropy measure?"
                 *     }
                 */
                "application/json": components["schemas"]["PlainQuestion"] | components["schemas"]["PlainConversation"] | components["schemas"]["RunAgentInput"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description A stream; the data of each server-sent event is one event of AG-UI */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/vnd.ag-ui.event+proto": Blob;
                    "text/event-stream": components["schemas"]["AgUiEvent"];
                };
            };
        };
    };
    listCourses: {
        parameters: {
            query?: {
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Course"][];
                        next_cursor: string | null;
                    };
                };
            };
        };
    };
    createCourse: {
        parameters: {
            query?: never;
            header?: {
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Information theory",
                 *       "description": "Spring term"
                 *     }
                 */
                "application/json": {
                    description?: string | null;
                    name: string;
                };
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Course"];
                };
            };
        };
    };
    getCourse: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Course"];
                };
            };
        };
    };
    deleteCourse: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Done; the response has no body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateCourse: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "description": "Autumn term"
                 *     }
                 */
                "application/json": {
                    /** @description Limits of paid work for each asset, for the course, and for the course in a day (UTC) */
                    budget?: {
                        /** @description A limit that is left out has the value of the settings */
                        asset?: {
                            audio_minutes?: number;
                            pages?: number;
                            usd?: number;
                        };
                        /** @description A limit that is left out has the value of the settings */
                        course?: {
                            audio_minutes?: number;
                            pages?: number;
                            usd?: number;
                        };
                        /** @description A limit that is left out has the value of the settings */
                        day?: {
                            audio_minutes?: number;
                            pages?: number;
                            usd?: number;
                        };
                    } | null;
                    description?: string | null;
                    name?: string;
                    /** @description Send terms of the slides to speech to text; null: as in the settings */
                    transcription_terms?: boolean | null;
                };
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Course"];
                };
            };
        };
    };
    listCourseAssets: {
        parameters: {
            query?: {
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Asset"][];
                        next_cursor: string | null;
                    };
                };
            };
        };
    };
    getExam: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LatestExamRun"];
                };
            };
        };
    };
    takeExam: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExamRun"];
                };
            };
        };
    };
    acceptExam: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExamRun"];
                };
            };
        };
    };
    listFeedback: {
        parameters: {
            query?: {
                cursor?: string;
                format?: "json" | "jsonl";
                limit?: number;
                rating?: "up" | "down";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ExportedFeedback"][];
                        next_cursor: string | null;
                    };
                };
            };
        };
    };
    listQuestionGroups: {
        parameters: {
            query?: {
                days?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QuestionGroups"];
                };
            };
        };
    };
    listSources: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["CourseSource"][];
                    };
                };
            };
        };
    };
    importSource: {
        parameters: {
            query?: {
                dry_run?: boolean;
            };
            header?: {
                "idempotency-key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "url": "https://university.hosted.panopto.com/Panopto/Pages/Sessions/List.aspx#folderID=%223f2504e0-4f89-41d3-9a0c-0305e82c3301%22",
                 *       "sync_every_hours": 24
                 *     }
                 */
                "application/json": components["schemas"]["NewCourseSource"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Nothing was queued: it is known already, or a dry run */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CourseSourceAccepted"] | components["schemas"]["CourseSourcePreview"];
                };
            };
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CourseSourceAccepted"];
                };
            };
        };
    };
    getSource: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                source_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CourseSourceWithRecordings"];
                };
            };
        };
    };
    deleteSource: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                source_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Done; the response has no body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateSource: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                source_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "sync_every_hours": 24
                 *     }
                 */
                "application/json": {
                    /** @description Look for new recordings in this interval; null: only on request */
                    sync_every_hours: number | null;
                };
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CourseSourceWithRecordings"];
                };
            };
        };
    };
    syncSource: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                source_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: uuid */
                        source_id: string;
                    };
                };
            };
        };
    };
    getCourseUsage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Usage"];
                };
            };
        };
    };
    listDocuments: {
        parameters: {
            query?: {
                course_id?: string;
                cursor?: string;
                limit?: number;
                status?: "uploaded" | "described" | "embedding" | "completed" | "failed" | "paused";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Document"][];
                        next_cursor: string | null;
                    };
                };
            };
        };
    };
    getDocument: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Document"];
                };
            };
        };
    };
    deleteDocument: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Done; the response has no body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateDocument: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "visible_from": "2027-04-12T08:00:00Z"
                 *     }
                 */
                "application/json": {
                    owner_id?: ("me" | string) | null;
                    /** @description Replaces all ranges of pages that are released later, such as sample solutions */
                    page_releases?: {
                        page_from: number;
                        page_to: number;
                        /** Format: date-time */
                        visible_from: string;
                    }[];
                    title?: string;
                    /**
                     * Format: date-time
                     * @description Students see it from this time on; null: at once
                     */
                    visible_from?: string | null;
                };
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Document"];
                };
            };
        };
    };
    cancelDocument: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocumentAccepted"];
                };
            };
        };
    };
    listChunks: {
        parameters: {
            query?: {
                cursor?: number;
                limit?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["SlideChunk"][];
                        next_cursor: string | null;
                    };
                };
            };
        };
    };
    describeDocument: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "force": false
                 *     }
                 */
                "application/json": {
                    /** @description Describe all pages again */
                    force?: boolean;
                    /** @description Only these pages */
                    pages?: number[];
                };
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocumentSummary"];
                };
            };
        };
    };
    listDocumentEvents: {
        parameters: {
            query?: {
                cursor?: number;
                limit?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ProcessingEvent"][];
                        next_cursor: string | null;
                    };
                };
            };
        };
    };
    getDocumentFile: {
        parameters: {
            query?: never;
            header?: {
                "if-none-match"?: string;
                range?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description The whole PDF */
            200: {
                headers: {
                    /** @description Identifies the bytes */
                    etag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/pdf": Blob;
                };
            };
            /** @description The requested range */
            206: {
                headers: {
                    /** @description Identifies the bytes */
                    etag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/pdf": Blob;
                };
            };
            /** @description The caller has this file */
            304: {
                headers: {
                    /** @description Identifies the bytes */
                    etag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    hurryDocument: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocumentAccepted"];
                };
            };
        };
    };
    listPages: {
        parameters: {
            query?: {
                cursor?: number;
                limit?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["SlideDescription"][];
                        next_cursor: string | null;
                    };
                };
            };
        };
    };
    getPageImage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                page_number: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description The page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": Blob;
                };
            };
            /** @description The caller has this image: its ETag is in If-None-Match */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listPageMoments: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                page_number: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageMoments"];
                };
            };
        };
    };
    getPageText: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                page_number: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageText"];
                };
            };
        };
    };
    resumeDocument: {
        parameters: {
            query?: {
                override?: boolean;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocumentAccepted"];
                };
            };
        };
    };
    retryDocument: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocumentAccepted"];
                };
            };
        };
    };
    getDocumentStatus: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocumentStatus"];
                };
            };
        };
    };
    getDocumentUsage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Usage"];
                };
            };
        };
    };
    listVersions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["DocumentVersion"][];
                    };
                };
            };
        };
    };
    uploadVersion: {
        parameters: {
            query?: never;
            header?: {
                "idempotency-key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": {
                    /**
                     * Format: binary
                     * @description A PDF
                     */
                    file: Blob;
                    /** @description Ranges of pages that students see later, as JSON. They are added to the ranges of the document and hold at once, also for the current version */
                    page_releases?: string;
                    /**
                     * @default normal
                     * @enum {string}
                     */
                    priority?: "normal" | "high";
                    /** @description Default: the document's title stays */
                    title?: string;
                    /**
                     * Format: date-time
                     * @description Students see the document, also its current version, from this time on; unset: no change
                     */
                    visible_from?: string;
                };
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Nothing was queued: it is known already, or a dry run */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocumentAccepted"];
                };
            };
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocumentAccepted"];
                };
            };
        };
    };
    getVersion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                sha256: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocumentVersion"];
                };
            };
        };
    };
    getVersionFile: {
        parameters: {
            query?: never;
            header?: {
                "if-none-match"?: string;
                range?: string;
            };
            path: {
                id: string;
                sha256: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description The whole PDF */
            200: {
                headers: {
                    /** @description Identifies the bytes */
                    etag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/pdf": Blob;
                };
            };
            /** @description The requested range */
            206: {
                headers: {
                    /** @description Identifies the bytes */
                    etag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/pdf": Blob;
                };
            };
            /** @description The caller has this file */
            304: {
                headers: {
                    /** @description Identifies the bytes */
                    etag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getVersionPageImage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                page_number: number;
                sha256: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description The page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": Blob;
                };
            };
            /** @description The caller has this image: its ETag is in If-None-Match */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    uploadDocument: {
        parameters: {
            query?: {
                dry_run?: boolean;
            };
            header?: {
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": {
                    /** Format: uuid */
                    course_id: string;
                    /**
                     * Format: binary
                     * @description A PDF
                     */
                    file: Blob;
                    /** @description Makes it personal material, which only this user and admins see. `me`: the user of the token */
                    owner_id?: "me" | string;
                    /** @description Ranges of pages that students see later, such as sample solutions, as JSON: `[{"page_from": 3, "page_to": 5, "visible_from": "2027-01-15T08:00:00Z"}]` */
                    page_releases?: string;
                    /**
                     * @default normal
                     * @enum {string}
                     */
                    priority?: "normal" | "high";
                    title?: string;
                    /**
                     * Format: date-time
                     * @description Students see it from this time on; unset: at once
                     */
                    visible_from?: string;
                };
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Nothing was queued: it is known already, or a dry run */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocumentAccepted"] | components["schemas"]["Forecast"];
                };
            };
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocumentAccepted"];
                };
            };
        };
    };
    uploadDocumentFolder: {
        parameters: {
            query?: never;
            header?: {
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": {
                    /** Format: uuid */
                    course_id: string;
                    /** @description PDFs. Their names can contain folders, such as `Week 3/slides.pdf` */
                    files: Blob[];
                    /** @description Makes it personal material, which only this user and admins see. `me`: the user of the token */
                    owner_id?: "me" | string;
                    /**
                     * @default normal
                     * @enum {string}
                     */
                    priority?: "normal" | "high";
                };
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Nothing was queued: it is known already, or a dry run */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocumentFolderAccepted"];
                };
            };
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocumentFolderAccepted"];
                };
            };
        };
    };
    followEvents: {
        parameters: {
            query?: {
                after?: number;
                asset_id?: string;
                course_id?: string;
            };
            header?: {
                "last-event-id"?: number;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description A stream; the data of each server-sent event is one ProcessingEvent */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["ProcessingEvent"];
                };
            };
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Nothing was queued: it is known already, or a dry run */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description Not ready */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    getLiveness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        status: "live";
                    };
                };
            };
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Nothing was queued: it is known already, or a dry run */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description Not ready */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
        };
    };
    listJobs: {
        parameters: {
            query?: {
                activity?: "waiting" | "running" | "paused" | "completed" | "failed";
                course_id?: string;
                cursor?: string;
                kind?: "lecture" | "document";
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Job"][];
                        next_cursor: string | null;
                    };
                };
            };
        };
    };
    getJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobDetails"];
                };
            };
        };
    };
    resumeQueue: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description false: the queue was not on hold */
                        resumed: boolean;
                    };
                };
            };
        };
    };
    listKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ApiKey"][];
                    };
                };
            };
        };
    };
    createKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Course website",
                 *       "scopes": [
                 *         "read",
                 *         "chat"
                 *       ],
                 *       "expires_in_days": 365
                 *     }
                 */
                "application/json": {
                    /** @description The only courses that exist for this key; unset: all courses */
                    course_ids?: string[];
                    /** @description Unset: no expiry */
                    expires_in_days?: number;
                    /** @description Who or what uses the key */
                    name: string;
                    /** @description Requests a minute of all scopes together; unset: the limits of RATE_LIMITS */
                    rate_per_minute?: number;
                    /** @description `admin` includes the others */
                    scopes: ("read" | "ingest" | "chat" | "admin")[];
                };
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IssuedApiKey"];
                };
            };
        };
    };
    revokeKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Done; the response has no body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    rotateKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "overlap_hours": 24
                 *     }
                 */
                "application/json": {
                    /**
                     * @description How long the old key stays valid
                     * @default 24
                     */
                    overlap_hours?: number;
                    /** @description Of the new key; unset: the rate of the old key; null: the limits of RATE_LIMITS */
                    rate_per_minute?: number | null;
                };
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IssuedApiKey"];
                };
            };
        };
    };
    listLectures: {
        parameters: {
            query?: {
                course_id?: string;
                cursor?: string;
                limit?: number;
                status?: "pending" | "downloading" | "transcribing" | "embedding" | "completed" | "failed" | "paused";
                updated_after?: string;
                updated_before?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Lecture"][];
                        next_cursor: string | null;
                    };
                };
            };
        };
    };
    getLecture: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LectureDetails"];
                };
            };
        };
    };
    deleteLecture: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Done; the response has no body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateLecture: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "visible_from": "2027-04-12T08:00:00Z"
                 *     }
                 */
                "application/json": {
                    owner_id?: ("me" | string) | null;
                    title?: string;
                    /**
                     * Format: date-time
                     * @description Students see it from this time on; null: at once
                     */
                    visible_from?: string | null;
                };
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Lecture"];
                };
            };
        };
    };
    cancelLecture: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LectureAccepted"];
                };
            };
        };
    };
    listLectureChapters: {
        parameters: {
            query?: {
                format?: "json" | "vtt";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description The chapters in the requested format */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LectureChapters"];
                    "text/vtt": string;
                };
            };
        };
    };
    listLectureEvents: {
        parameters: {
            query?: {
                cursor?: number;
                limit?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ProcessingEvent"][];
                        next_cursor: string | null;
                    };
                };
            };
        };
    };
    hurryLecture: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LectureAccepted"];
                };
            };
        };
    };
    getLectureQuality: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LectureQuality"];
                };
            };
        };
    };
    resumeLecture: {
        parameters: {
            query?: {
                override?: boolean;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LectureAccepted"];
                };
            };
        };
    };
    retranscribeLecture: {
        parameters: {
            query?: {
                dry_run?: boolean;
            };
            header?: {
                "idempotency-key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": {
                    /**
                     * Format: binary
                     * @description mp3, m4a, aac, wav, flac, ogg, opus, webm, aiff, wma, caf, amr, or mp4 without a picture
                     */
                    file: Blob;
                };
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Nothing was queued: it is known already, or a dry run */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LectureAccepted"] | components["schemas"]["Forecast"];
                };
            };
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LectureAccepted"];
                };
            };
        };
    };
    retryLecture: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LectureAccepted"];
                };
            };
        };
    };
    getLectureSlides: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LectureSlides"];
                };
            };
        };
    };
    assignLectureSlides: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "document_ids": [
                 *         "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["SlideAssignment"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LectureSlides"];
                };
            };
        };
    };
    getLectureStatus: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LectureStatus"];
                };
            };
        };
    };
    getLectureTimeline: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LectureTimeline"];
                };
            };
        };
    };
    getTranscript: {
        parameters: {
            query?: {
                format?: "json" | "txt" | "vtt" | "srt";
                segments?: boolean;
                words?: boolean;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description The transcript in the requested format */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Transcript"];
                    "application/x-subrip": string;
                    "text/plain": string;
                    "text/vtt": string;
                };
            };
        };
    };
    importTranscript: {
        parameters: {
            query?: {
                format?: "json" | "vtt" | "srt";
                language?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "language_code": "en",
                 *       "segments": [
                 *         {
                 *           "start_ms": 0,
                 *           "end_ms": 4000,
                 *           "text": "Entropy measures surprise."
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": {
                    language_code?: string;
                    segments: Record<string, never>[];
                    words?: Record<string, never>[];
                };
                "application/x-subrip": string;
                "multipart/form-data": {
                    /**
                     * Format: binary
                     * @description WebVTT, SRT, TTML, SBV, ASS, SAMI, LRC, CSV or TSV with times, text with times, or the JSON of a transcription tool
                     */
                    file: Blob;
                    /**
                     * @description Unset: the content decides, then the content type and the file's extension
                     * @enum {string}
                     */
                    format?: "json" | "vtt" | "srt";
                    /** @description BCP 47; unset: the file's own language, else detected from its words */
                    language?: string;
                };
                "text/vtt": string;
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TranscriptAccepted"];
                };
            };
        };
    };
    correctTranscript: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "find": "eigen value",
                 *       "replacement": "eigenvalue"
                 *     }
                 */
                "application/json": components["schemas"]["WordCorrection"] | components["schemas"]["CorrectionRule"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CorrectionAccepted"];
                };
            };
        };
    };
    listTranscriptCorrections: {
        parameters: {
            query?: {
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["TranscriptCorrection"][];
                        next_cursor: string | null;
                    };
                };
            };
        };
    };
    undoTranscriptCorrection: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                correction_id: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CorrectionAccepted"];
                };
            };
        };
    };
    listCorrectionSuggestions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CorrectionSuggestions"];
                };
            };
        };
    };
    viewTranscript: {
        parameters: {
            query?: {
                t?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description The page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
        };
    };
    getLectureUsage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Usage"];
                };
            };
        };
    };
    uploadLectureAudio: {
        parameters: {
            query?: {
                dry_run?: boolean;
            };
            header?: {
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": {
                    /** Format: uuid */
                    course_id: string;
                    /**
                     * Format: binary
                     * @description mp3, m4a, aac, wav, flac, ogg, opus, webm, aiff, wma, caf, amr, or mp4 without a picture
                     */
                    file: Blob;
                    /** @description Makes it personal material, which only this user and admins see. `me`: the user of the token */
                    owner_id?: "me" | string;
                    /** @description Citations open this recording in its viewer */
                    panopto_url?: string;
                    /**
                     * @default normal
                     * @enum {string}
                     */
                    priority?: "normal" | "high";
                    title?: string;
                    /**
                     * Format: date-time
                     * @description Students see it from this time on; unset: at once
                     */
                    visible_from?: string;
                };
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Nothing was queued: it is known already, or a dry run */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LectureAccepted"] | components["schemas"]["Forecast"];
                };
            };
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LectureAccepted"];
                };
            };
        };
    };
    downloadLecture: {
        parameters: {
            query?: {
                dry_run?: boolean;
            };
            header?: {
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "course_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
                 *       "panopto_url": "https://university.hosted.panopto.com/Panopto/Pages/Viewer.aspx?id=8f14e45f-ceea-467f-a9d6-12f1b6a7c111"
                 *     }
                 */
                "application/json": components["schemas"]["LectureDownload"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Nothing was queued: it is known already, or a dry run */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LectureAccepted"] | components["schemas"]["Forecast"];
                };
            };
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LectureAccepted"];
                };
            };
        };
    };
    createLectureFromTranscript: {
        parameters: {
            query?: never;
            header?: {
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "course_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
                 *       "title": "Entropy",
                 *       "media_url": "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
                 *       "file": "WEBVTT"
                 *     }
                 */
                "multipart/form-data": {
                    /** Format: uuid */
                    course_id: string;
                    /**
                     * Format: binary
                     * @description WebVTT, SRT, TTML, SBV, ASS, SAMI, LRC, CSV or TSV with times, text with times, or the JSON of a transcription tool
                     */
                    file: Blob;
                    /**
                     * @description Unset: the content decides, then the content type and the file's extension
                     * @enum {string}
                     */
                    format?: "json" | "vtt" | "srt";
                    /** @description BCP 47; unset: the file's own language, else detected from its words */
                    language?: string;
                    /** @description Address of the recording; citations open it at the right second */
                    media_url?: string;
                    /** @description Makes it personal material, which only this user and admins see. `me`: the user of the token */
                    owner_id?: "me" | string;
                    /** @description Default: the file's name */
                    title?: string;
                    /**
                     * Format: date-time
                     * @description Students see it from this time on; unset: at once
                     */
                    visible_from?: string;
                };
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TranscriptAccepted"];
                };
            };
        };
    };
    previewRetention: {
        parameters: {
            query?: {
                chats?: number;
                days_ahead?: number;
                embeddings?: number;
                pdfs?: number;
                transcripts?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RetentionPreview"];
                };
            };
        };
    };
    search: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "course_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
                 *       "query": "What does entropy measure?",
                 *       "top_k": 8
                 *     }
                 */
                "application/json": {
                    /** Format: uuid */
                    course_id: string;
                    /** @description Only these documents; lectures are left out */
                    document_ids?: string[];
                    /**
                     * @description Show how the score of each passage was computed
                     * @default false
                     */
                    explain?: boolean;
                    /** @description Only speech after this position of a lecture */
                    from_ms?: number;
                    /** @description Only these lectures; slides are left out */
                    lecture_ids?: string[];
                    /**
                     * @description hybrid: by meaning and by words; vector: by meaning only; text: by words only
                     * @default hybrid
                     * @enum {string}
                     */
                    mode?: "hybrid" | "vector" | "text";
                    /** @description First page of a document */
                    page_from?: number;
                    /** @description Last page of a document */
                    page_to?: number;
                    query: string;
                    /**
                     * @default [
                     *       "lectures",
                     *       "slides"
                     *     ]
                     */
                    sources?: ("lectures" | "slides")[];
                    /** @description Only speech before this position of a lecture */
                    to_ms?: number;
                    /** @default 8 */
                    top_k?: number;
                };
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Passage"][];
                };
            };
        };
    };
    searchCourses: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "query": "What does entropy measure?",
                 *       "top_k": 8
                 *     }
                 */
                "application/json": {
                    /** @description Only these courses; without it, all courses that the caller can reach */
                    course_ids?: string[];
                    /**
                     * @description Show how the score of each passage was computed
                     * @default false
                     */
                    explain?: boolean;
                    /**
                     * @description hybrid: by meaning and by words; vector: by meaning only; text: by words only
                     * @default hybrid
                     * @enum {string}
                     */
                    mode?: "hybrid" | "vector" | "text";
                    query: string;
                    /**
                     * @default [
                     *       "lectures",
                     *       "slides"
                     *     ]
                     */
                    sources?: ("lectures" | "slides")[];
                    /** @default 8 */
                    top_k?: number;
                };
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CoursePassage"][];
                };
            };
        };
    };
    listShareLinks: {
        parameters: {
            query: {
                course_id: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ShareLink"][];
                    };
                };
            };
        };
    };
    createShareLink: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "course_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
                 *       "expires_in_hours": 24
                 *     }
                 */
                "application/json": {
                    /** Format: uuid */
                    course_id: string;
                    /** @description Default 24; at most SHARE_LINK_MAX_HOURS */
                    expires_in_hours?: number;
                    /** @default Share link */
                    name?: string;
                };
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IssuedShareLink"];
                };
            };
        };
    };
    revokeShareLink: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Done; the response has no body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    signUrls: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "urls": [
                 *         "/api/documents/3f2504e0-4f89-41d3-9a0c-0305e82c3301/file"
                 *       ]
                 *     }
                 */
                "application/json": {
                    /** @description Paths or addresses of files, page images, transcripts and chapters, such as the `url` of a citation */
                    urls: string[];
                };
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedUrls"];
                };
            };
        };
    };
    listUsers: {
        parameters: {
            query?: {
                email?: string;
                limit?: number;
                subject?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["User"][];
                    };
                };
            };
        };
    };
    eraseUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Done; the response has no body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    exportUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserData"];
                };
            };
        };
    };
    listWebhooks: {
        parameters: {
            query?: {
                course_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Webhook"][];
                    };
                };
            };
        };
    };
    createWebhook: {
        parameters: {
            query?: never;
            header?: {
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "url": "https://lms.university.example/hooks/lectern",
                 *       "course_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
                 *       "event_types": [
                 *         "lecture.completed",
                 *         "document.completed"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["NewWebhook"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookWithSecret"];
                };
            };
        };
    };
    getWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
        };
    };
    deleteWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Done; the response has no body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "enabled": true
                 *     }
                 */
                "application/json": components["schemas"]["WebhookChange"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
        };
    };
    listWebhookMessages: {
        parameters: {
            query?: {
                after?: number;
                limit?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["WebhookMessage"][];
                    };
                };
            };
        };
    };
    replayWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "from_sequence": 1
                 *     }
                 */
                "application/json": {
                    from_sequence: number;
                };
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Accepted: a job does the work */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description Messages that are sent again */
                        replayed: number;
                    };
                };
            };
        };
    };
    rotateWebhookSecret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "overlap_hours": 24
                 *     }
                 */
                "application/json": {
                    /**
                     * @description How long the old key stays valid
                     * @default 24
                     */
                    overlap_hours?: number;
                    /** @description Of the new key; unset: the rate of the old key; null: the limits of RATE_LIMITS */
                    rate_per_minute?: number | null;
                };
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookWithSecret"];
                };
            };
        };
    };
    testWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookTestResult"];
                };
            };
        };
    };
    callMcp: {
        parameters: {
            query?: {
                course_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description A JSON-RPC 2.0 message of the Model Context Protocol */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "jsonrpc": "2.0",
                 *       "id": 1,
                 *       "method": "tools/list"
                 *     }
                 */
                "application/json": {
                    /** @description None: a notification */
                    id?: string | number;
                    /** @enum {string} */
                    jsonrpc: "2.0";
                    method: string;
                    params?: {
                        [key: string]: unknown;
                    };
                };
            };
        };
        responses: {
            "4XX": components["responses"]["McpError"];
            "5XX": components["responses"]["McpError"];
            /** @description A JSON-RPC response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JsonRpcResponse"];
                    "text/event-stream": components["schemas"]["JsonRpcResponse"];
                };
            };
            /** @description A notification was accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Metrics */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    createChatCompletion: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "model": "course:3f2504e0-4f89-41d3-9a0c-0305e82c3301",
                 *       "messages": [
                 *         {
                 *           "role": "user",
                 *           "content": "What does entropy measure?"
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": {
                    function_call?: ("auto" | "none") | null;
                    functions?: unknown[] | null;
                    logprobs?: false | null;
                    /** @description The newer name of `max_tokens` */
                    max_completion_tokens?: number | null;
                    /** @description Limit of each call of the model */
                    max_tokens?: number | null;
                    messages: ({
                        content: unknown;
                        /** @enum {string} */
                        role: "system" | "developer";
                    } | {
                        content: string | ({
                            text: string;
                            /** @constant */
                            type: "text";
                        } | {
                            image_url: {
                                url: string;
                            };
                            /** @constant */
                            type: "image_url";
                        } | {
                            file: {
                                file_data: string;
                            };
                            /** @constant */
                            type: "file";
                        })[];
                        /** @constant */
                        role: "user";
                    } | {
                        content?: (string | {
                            text: string;
                            /** @constant */
                            type: "text";
                        }[]) | null;
                        /** @constant */
                        role: "assistant";
                        tool_calls?: {
                            function: {
                                arguments: string;
                                name: string;
                            };
                            id: string;
                            /** @constant */
                            type: "function";
                        }[] | null;
                    } | {
                        content: string | {
                            text: string;
                            /** @constant */
                            type: "text";
                        }[];
                        /** @constant */
                        role: "tool";
                        tool_call_id: string;
                    })[];
                    modalities?: "text"[] | null;
                    /** @description `course:<id>`, as listed by GET /v1/models */
                    model: string;
                    n?: 1 | null;
                    response_format?: {
                        /** @constant */
                        type: "text";
                    } | null;
                    /** @description The answer ends before the first of these texts */
                    stop?: (string | string[]) | null;
                    stream?: boolean | null;
                    stream_options?: {
                        include_usage?: boolean | null;
                    } | null;
                    /** @description `none` leaves out the client's tools. `required` and a function make the answer a call of a client's tool; the course is searched first if the model wants to */
                    tool_choice?: (("auto" | "none" | "required") | {
                        function: {
                            name: string;
                        };
                        /** @constant */
                        type: "function";
                    }) | null;
                    /** @description Tools that the client runs, in addition to the course's own */
                    tools?: {
                        function: {
                            description?: string | null;
                            name: string;
                            parameters?: {
                                [key: string]: unknown;
                            } | null;
                        };
                        /** @constant */
                        type: "function";
                    }[] | null;
                };
            };
        };
        responses: {
            "4XX": components["responses"]["OpenAiError"];
            "5XX": components["responses"]["OpenAiError"];
            /** @description A chat completion, or a stream of its chunks: one chunk in each server-sent event, then `[DONE]` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChatCompletion"];
                    "text/event-stream": components["schemas"]["ChatCompletionChunk"];
                };
            };
        };
    };
    createEmbeddings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "model": "course:3f2504e0-4f89-41d3-9a0c-0305e82c3301",
                 *       "input": [
                 *         "What does entropy measure?"
                 *       ]
                 *     }
                 */
                "application/json": {
                    dimensions?: 1536 | null;
                    /** @description `base64` contains 32-bit floats in little-endian order */
                    encoding_format?: ("float" | "base64") | null;
                    /** @description A text, or up to 2048 texts. Tokens of cl100k_base are accepted in place of a text */
                    input: string | number[] | (string | number[])[];
                    /** @description `course:<id>`, as listed by GET /v1/models */
                    model: string;
                };
            };
        };
        responses: {
            "4XX": components["responses"]["OpenAiError"];
            "5XX": components["responses"]["OpenAiError"];
            /** @description The embeddings, in the order of the texts */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Embeddings"];
                };
            };
        };
    };
    listModels: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["OpenAiError"];
            "5XX": components["responses"]["OpenAiError"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: {
                            /** @description Seconds since 1970 */
                            created: number;
                            /** @description `course:<id>` */
                            id: string;
                            /** @description The name of the course */
                            name: string;
                            /** @constant */
                            object: "model";
                            /** @constant */
                            owned_by: "lectern";
                        }[];
                        /** @constant */
                        object: "list";
                    };
                };
            };
        };
    };
    getModel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["OpenAiError"];
            "5XX": components["responses"]["OpenAiError"];
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description Seconds since 1970 */
                        created: number;
                        /** @description `course:<id>` */
                        id: string;
                        /** @description The name of the course */
                        name: string;
                        /** @constant */
                        object: "model";
                        /** @constant */
                        owned_by: "lectern";
                    };
                };
            };
        };
    };
    createResponse: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "model": "course:3f2504e0-4f89-41d3-9a0c-0305e82c3301",
                 *       "input": "What does entropy measure?"
                 *     }
                 */
                "application/json": {
                    background?: false | null;
                    conversation?: null;
                    input: string | ((({
                        content: string | ({
                            type: string;
                        } & {
                            [key: string]: unknown;
                        })[];
                        /** @enum {string} */
                        role: "user" | "assistant" | "system" | "developer";
                        /** @constant */
                        type?: "message";
                    } | {
                        arguments: string;
                        call_id: string;
                        name: string;
                        /** @constant */
                        type: "function_call";
                    }) | {
                        call_id: string;
                        output: string | ({
                            type: string;
                        } & {
                            [key: string]: unknown;
                        })[];
                        /** @constant */
                        type: "function_call_output";
                    }) | ({
                        type: string;
                    } & {
                        [key: string]: unknown;
                    }))[];
                    /** @description Limit of each call of the model */
                    max_output_tokens?: number | null;
                    /** @description `course:<id>`, as listed by GET /v1/models */
                    model: string;
                    previous_response_id?: null;
                    prompt?: null;
                    stream?: boolean | null;
                    text?: {
                        format?: {
                            /** @constant */
                            type: "text";
                        } | null;
                    } | null;
                    tool_choice?: (("auto" | "none" | "required") | {
                        name: string;
                        /** @constant */
                        type: "function";
                    }) | null;
                    tools?: {
                        description?: string | null;
                        name: string;
                        parameters?: {
                            [key: string]: unknown;
                        } | null;
                        /** @constant */
                        type: "function";
                    }[] | null;
                    top_logprobs?: 0 | null;
                };
            };
        };
        responses: {
            "4XX": components["responses"]["OpenAiError"];
            "5XX": components["responses"]["OpenAiError"];
            /** @description A response, or a stream of events: one in each server-sent event */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenAiResponse"];
                    "text/event-stream": components["schemas"]["OpenAiResponseEvent"];
                };
            };
        };
    };
}

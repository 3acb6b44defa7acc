// Made by `make format` of the API's description (handlers/http/views): edit there.

export type paths = Record<string, never>
export type webhooks = Record<string, never>
export interface components {
  schemas: {
    /**
     * @description An error in the format of RFC 9457, with extensions.
     *
     *     `errors` has the faults of each wrong field. `limit` is the name of the setting whose limit was
     *     exceeded.
     */
    Problem: {
      type: string
      title: string
      status: number
      detail: string
      /** @enum {string} */
      code:
        | "bad_json"
        | "not_signed_in"
        | "token_expired"
        | "bad_credentials"
        | "bad_handshake"
        | "forbidden"
        | "may_not_run"
        | "bad_origin"
        | "not_found"
        | "method_not_allowed"
        | "conflict"
        | "session_ended"
        | "limit_reached"
        | "quarantined"
        | "damaged"
        | "text_unavailable"
        | "too_large"
        | "unsupported_media_type"
        | "invalid"
        | "upgrade_required"
        | "rate_limited"
        | "unavailable"
        | "internal"
        | "bad_request"
      message: string
      requestId: string
      errors?: {
        [key: string]: string[]
      }
      latest?: string
      limit?: string
    }
    /** @description A new or refreshed login; `expiresIn` is the life of the access token in seconds. */
    SignedIn: {
      user: components["schemas"]["User"]
      accessToken: string
      refreshToken: string
      expiresIn: number
    }
    /**
     * @description The facts about a user that they themselves see.
     *
     *     `email` is null for guests, and only guests have `guestOf`.
     */
    User: {
      id: string
      username: string
      avatar: string | null
      guest: boolean
      guestOf?: string | null
      email: string | null
      fullname: string
      /** Format: date-time */
      createdAt: string
    }
    /** @description A sentence that confirms the change. */
    Confirmation: {
      message: string
    }
    /**
     * @description How much storage a user's own sessions and picture take.
     *
     *     `bytes` includes logs, checkpoints, versions, chat and runs. At `maxBytes`, no version, no run
     *     and no session can be added. Somewhat above `maxBytes`, no edit is accepted either.
     */
    Usage: {
      bytes: number
      maxBytes: number
      sessions: number
      maxSessions: number
      isNearlyFull: boolean
    }
    /** @description The answer to a change of password; `ended` counts the other logins, which have ended. */
    PasswordChanged: {
      message: string
      ended: number
    }
    /** @description All logins of a user, the most recently used first. */
    Logins: {
      items: components["schemas"]["Login"][]
      next: string | null
    }
    /** @description One sign-in on one device; `current` is true for the login of this request. */
    Login: {
      id: string
      device: string
      /** Format: date-time */
      createdAt: string
      /** Format: date-time */
      lastUsedAt: string
      /** Format: date-time */
      expiresAt: string
      current: boolean
    }
    /** @description The address of the caller's picture. */
    Avatar: {
      avatar: string | null
    }
    /** @description A guest's login, and the session that it is for. */
    GuestSignedIn: {
      user: components["schemas"]["User"]
      accessToken: string
      refreshToken: string
      expiresIn: number
      sessionId: string
      role: components["schemas"]["Role"]
    }
    /** @enum {string} */
    Role: "owner" | "editor" | "viewer"
    /**
     * @description A session as one member sees it: `role` and `unread` are about this member.
     *
     *     `runs` says who may run programs. `excerpt` has the last lines of the newest version. Lists of
     *     sessions show only the first members of each session.
     *     `documentSize` is null while nobody has the session open.
     */
    Session: {
      id: string
      sessionId: string
      title: string
      language: string
      access: components["schemas"]["Access"]
      /** @enum {string} */
      joinRole: "editor" | "viewer"
      runs: components["schemas"]["Runners"]
      status: components["schemas"]["Status"]
      role: components["schemas"]["Role"]
      owner: components["schemas"]["Person"]
      members: components["schemas"]["Member"][]
      memberCount: number
      onlineCount: number
      unread: number
      /** Format: date-time */
      createdAt: string
      /** Format: date-time */
      updatedAt: string
      /** Format: date-time */
      lastActivityAt: string
      documentSize: components["schemas"]["DocumentSize"] | null
      excerpt: string
    }
    /** @enum {string} */
    Access: "link" | "invite"
    /** @enum {string} */
    Runners: "nobody" | "editors" | "all"
    /** @enum {string} */
    Status: "open" | "ended"
    /** @description The facts about a user that other users see. */
    Person: {
      id: string
      username: string
      avatar: string | null
      guest: boolean
    }
    /** @description A member in the list of a session's members. */
    Member: {
      id: string
      username: string
      avatar: string | null
      guest: boolean
      role: components["schemas"]["Role"]
      /** Format: date-time */
      joinedAt: string
      online: boolean
    }
    /**
     * @description The size of a session's document in bytes, as Yjs encodes it, and the limit on this size.
     *
     *     `bytes` may include deleted content, which does not count for `isHalfFull`.
     */
    DocumentSize: {
      bytes: number
      limit: number
      isHalfFull: boolean
    }
    /** @description Sessions, the most recently active first. */
    Sessions: {
      items: components["schemas"]["Session"][]
      next: string | null
    }
    /** @description A session after a change. If the change ended it, it has the fields of `SessionEnd`. */
    ChangedSession: {
      id: string
      sessionId: string
      title: string
      language: string
      access: components["schemas"]["Access"]
      /** @enum {string} */
      joinRole: "editor" | "viewer"
      runs: components["schemas"]["Runners"]
      status: components["schemas"]["Status"]
      role: components["schemas"]["Role"]
      owner: components["schemas"]["Person"]
      members: components["schemas"]["Member"][]
      memberCount: number
      onlineCount: number
      unread: number
      /** Format: date-time */
      createdAt: string
      /** Format: date-time */
      updatedAt: string
      /** Format: date-time */
      lastActivityAt: string
      documentSize: components["schemas"]["DocumentSize"] | null
      excerpt: string
      final?: number | null
      finalProblem?: string | null
    }
    /** @description A session that the caller is a member of, and their role in it. */
    Joined: {
      session: components["schemas"]["Session"]
      role: components["schemas"]["Role"]
    }
    /** @description The document's size after deleted content was removed, and its size `before` that. */
    Compacted: {
      bytes: number
      limit: number
      isHalfFull: boolean
      before: number
    }
    /** @description A user and their role in a session. */
    MemberRole: {
      id: string
      username: string
      avatar: string | null
      guest: boolean
      role: components["schemas"]["Role"]
    }
    /** @description An invite with its secret, which is shown only once, and the URL of its page. */
    NewInvite: {
      id: string
      /** @enum {string} */
      role: "editor" | "viewer"
      /** Format: date-time */
      createdAt: string
      /** Format: date-time */
      expiresAt: string
      maxUses: number | null
      uses: number
      usesLeft: number | null
      revoked: boolean
      usable: boolean
      invite: string
      url: string
    }
    /** @description Invites, newest first. */
    Invites: {
      items: components["schemas"]["ListedInvite"][]
      next: string | null
    }
    /** @description An invite with its creator, and some of the users who used it. */
    ListedInvite: {
      id: string
      /** @enum {string} */
      role: "editor" | "viewer"
      /** Format: date-time */
      createdAt: string
      /** Format: date-time */
      expiresAt: string
      maxUses: number | null
      uses: number
      usesLeft: number | null
      revoked: boolean
      usable: boolean
      createdBy: components["schemas"]["Person"]
      usedBy: components["schemas"]["InviteUse"][]
    }
    /** @description A user who used an invite, and the time of it. */
    InviteUse: {
      id: string
      username: string
      avatar: string | null
      guest: boolean
      /** Format: date-time */
      at: string
    }
    /** @description A pass for one WebSocket; `expiresIn` is in seconds. */
    Ticket: {
      ticket: string
      expiresIn: number
    }
    /** @description One run. */
    OneRun: {
      run: components["schemas"]["Run"]
    }
    /**
     * @description A run as the user's browser reported it; `number` counts from 1 in its session.
     *
     *     `exit` is null if the program did not end by itself. `sequence` is the log position that the
     *     code had when the run started. Only the `number` of a `damaged` run is known for certain.
     */
    Run: {
      number: number
      user: components["schemas"]["Person"]
      root: string
      name: string
      language: string
      stdin: string
      stdout: string
      stderr: string
      exit: number | null
      outcome: components["schemas"]["Outcome"]
      ms: number
      isCut: boolean
      tests: components["schemas"]["RunTest"][]
      sequence: number
      /** Format: date-time */
      at: string
      damaged?: boolean
    }
    /** @enum {string} */
    Outcome: "done" | "failed" | "stopped" | "timeout"
    /**
     * @description One test of a program, with what it expected and what it got.
     *
     *     Only staff get results of hidden tests, with `isHidden`.
     */
    RunTest: {
      name: string
      passed: boolean
      isHidden?: boolean
      expected?: string
      actual?: string
    }
    /**
     * @description A run by the service, with the most memory that its program had, if the service tells it.
     *
     *     The memory is not kept with the run.
     */
    RemoteRun: {
      run: components["schemas"]["Run"]
      memoryBytes: number | null
    }
    /** @description All names of the languages that the service runs. */
    Languages: {
      languages: string[]
    }
    /** @description Runs, newest first; `next` leads to older runs. */
    Runs: {
      runs: components["schemas"]["Run"][]
      next: number | null
    }
    /** @description Tests in their order; `isStaff` says whether the reader gets hidden tests too. */
    ProgramTests: {
      tests: components["schemas"]["ProgramTest"][]
      isStaff: boolean
    }
    /**
     * @description A test of the session's programs.
     *
     *     A `case` has the input of a program and the output that it must print. A `file` has the code of
     *     assertions in `source`. `root` is the file that is run. A `damaged` test has only its id and
     *     `isHidden`.
     */
    ProgramTest: {
      id: string
      kind: components["schemas"]["Kind"]
      name: string
      root: string
      input: string
      expected: string
      source: string
      isHidden: boolean
      damaged?: boolean
    }
    /** @enum {string} */
    Kind: "case" | "file"
    /** @description One test. */
    OneProgramTest: {
      test: components["schemas"]["ProgramTest"]
    }
    /** @description The session and the role that a session's link leads to, if users may join by the link. */
    LinkPreview: {
      session: components["schemas"]["PreviewSession"]
      /** @enum {string} */
      role: "editor" | "viewer"
      owner: components["schemas"]["Person"]
    }
    /** @description The facts about a session that users with an invite or an open link see. */
    PreviewSession: {
      id: string
      title: string
      language: string
      status: components["schemas"]["Status"]
    }
    /** @description The session and the role that an invite leads to. */
    Preview: {
      session: components["schemas"]["PreviewSession"]
      /** @enum {string} */
      role: "editor" | "viewer"
      invitedBy: components["schemas"]["Person"]
      /** Format: date-time */
      expiresAt: string
    }
    /**
     * @description A chat message; `sequence` counts from 1 in its session.
     *
     *     Only the `sequence` of a `damaged` message is known.
     */
    Message: {
      id: string
      sessionId: string
      sequence: number
      sender: components["schemas"]["Person"]
      message: string
      /** Format: date-time */
      timestamp: string
      damaged?: boolean
    }
    /** @description Messages, oldest first; `next` leads to older messages. */
    Messages: {
      messages: components["schemas"]["Message"][]
      next: string | null
    }
    /** @description How many messages the caller has not read. */
    Unread: {
      unread: number
    }
    /**
     * @description A version. An answer that only describes it has no `code`, `files`, `names` and `documents`.
     *
     *     `names` are the files as they were listed then, in their order.
     *     A version that is `damaged` in the store has none of these fields, and others may be empty.
     */
    Version: {
      sessionId: string
      version: number
      label: string
      kind: components["schemas"]["VersionKind"]
      author: components["schemas"]["Author"]
      contributors: components["schemas"]["Author"][]
      sequence: number
      /** Format: date-time */
      createdAt: string
      code?: string
      files?: {
        [key: string]: string
      }
      names?: components["schemas"]["FileName"][]
      documents?: {
        [key: string]: components["schemas"]["Document"]
      }
      damaged?: boolean
    }
    /** @enum {string} */
    VersionKind: "manual" | "auto" | "restore" | "final"
    /** @description A user who wrote a version or an edit. */
    Author: {
      id: string
      username: string
    }
    /** @description The name of a file. Names are unique, except those of deleted files. */
    FileName: {
      root: string
      name: string
      deleted: boolean
    }
    /**
     * @description The content of a root that is not a text.
     *
     *     `value` is an object for a map, a list for an array, and a text for XML. In an `empty` root,
     *     everything was deleted. `leftOut` says why `value` is null, or what `value` lacks. If `leftOut`
     *     is "attributes", `value` lacks the values under keys of a root that is not a map.
     */
    Document: {
      type: components["schemas"]["RootType"]
      value: unknown
      leftOut: components["schemas"]["LeftOut"] | null
    }
    /** @enum {string} */
    RootType: "xml" | "map" | "array" | "empty"
    /** @enum {string} */
    LeftOut: "too_large" | "too_deep" | "attributes"
    /** @description The document as it is now; `version` is null if no version has this state yet. */
    LiveDocument: {
      sessionId: string
      version: number | null
      code: string
      files: {
        [key: string]: string
      }
      names: components["schemas"]["FileName"][]
      documents: {
        [key: string]: components["schemas"]["Document"]
      }
      sequence: number
      /** Format: date-time */
      createdAt: string
    }
    /** @description The files of the document as it is now, in the order of their list; then its other roots. */
    Files: {
      sessionId: string
      sequence: number
      files: components["schemas"]["File"][]
    }
    /**
     * @description A file of a document, without its content; or a root that is not a text.
     *
     *     `name` is unique among the files that are not `deleted`. `length` is the number of a text's
     *     UTF-16 code units, of a map's keys, of an array's values, or of XML's elements and texts. It is
     *     0 if the root is `empty`.
     */
    File: {
      root: string
      name: string
      type: "text" | components["schemas"]["RootType"]
      length: number
      deleted: boolean
    }
    /**
     * @description The version that a restore made.
     *
     *     `notRestored` are the roots that still differ, because only texts can be restored.
     */
    Restored: {
      sessionId: string
      version: number
      label: string
      kind: components["schemas"]["VersionKind"]
      author: components["schemas"]["Author"]
      contributors: components["schemas"]["Author"][]
      sequence: number
      /** Format: date-time */
      createdAt: string
      code?: string
      files?: {
        [key: string]: string
      }
      names?: components["schemas"]["FileName"][]
      documents?: {
        [key: string]: components["schemas"]["Document"]
      }
      damaged?: boolean
      notRestored: components["schemas"]["Root"][]
    }
    /** @description The name and the type of a root that is not a text. */
    Root: {
      root: string
      type: components["schemas"]["RootType"]
    }
    /**
     * @description The texts and the names of files that differ between two versions.
     *
     *     Version 0 is the empty document before version 1.
     *     `others` are roots that differ and are not texts, so they have no hunks.
     */
    Difference: {
      from: number
      to: number | "live"
      files: components["schemas"]["FileDifference"][]
      renamed: components["schemas"]["Renamed"][]
      others: components["schemas"]["Root"][]
    }
    /**
     * @description The differences in one text; `git apply` and `patch` can read `unified`.
     *
     *     `name` is the name of the file in the newer document, and `oldName` in the older one. If only
     *     one document has the file, both fields have its name there.
     */
    FileDifference: {
      root: string
      name: string
      oldName: string
      hunks: components["schemas"]["Hunk"][]
      unified: string
    }
    /** @description Lines that differ, with the lines around them; lines are counted from 1. */
    Hunk: {
      oldStart: number
      oldLines: number
      newStart: number
      newLines: number
      lines: components["schemas"]["HunkLine"][]
    }
    /**
     * @description A line that is in both texts, only in the old text, or only in the new text.
     *
     *     `marks` are [start, end] of the changed parts of the line, in UTF-16 code units.
     */
    HunkLine: {
      marks?: [number, number][]
      /** @enum {string} */
      kind: " " | "-" | "+"
      text: string
    }
    /** @description A file that was made, renamed or deleted; a name is null where the file is not listed. */
    Renamed: {
      root: string
      name: string | null
      oldName: string | null
    }
    /** @description The edits of all users with their times and amounts; `duration` is in milliseconds. */
    Timeline: {
      /** Format: date-time */
      first: string | null
      /** Format: date-time */
      last: string | null
      duration: number
      sequence: number
      authors: components["schemas"]["TimelineAuthor"][]
      entries: components["schemas"]["TimelineEntry"][]
      marks: (
        | components["schemas"]["VersionMark"]
        | components["schemas"]["ChatMark"]
        | components["schemas"]["RedactionMark"]
        | components["schemas"]["FilesMark"]
        | components["schemas"]["RunMark"]
      )[]
      next: string | null
    }
    /** @description An author and how much they inserted and deleted in all, in UTF-16 code units. */
    TimelineAuthor: {
      id: string
      username: string
      avatar: string | null
      guest: boolean
      inserted: number
      deleted: number
    }
    /**
     * @description Edits of one user without a gap, from log position `first` to `sequence`.
     *
     *     Amounts are UTF-16 code units. `paste` is the size of the largest insert, if it is large.
     *     `pause` is the time without edits before these edits in milliseconds, if it is long.
     */
    TimelineEntry: {
      paste?: number
      pause?: number
      sequence: number
      first: number
      /** Format: date-time */
      at: string
      /** Format: date-time */
      until: string
      author: string
      inserted: number
      deleted: number
    }
    /** @description The mark of a version on the timeline. */
    VersionMark: {
      /** Format: date-time */
      at: string
      kind: components["schemas"]["VersionKind"]
      version: number
      label: string
      sequence: number
    }
    /** @description The mark of a chat message on the timeline. */
    ChatMark: {
      /** Format: date-time */
      at: string
      /** @enum {string} */
      kind: "chat"
      id: string
      author: string
    }
    /** @description The mark of edits from which a text was removed later. */
    RedactionMark: {
      /** Format: date-time */
      at: string
      /** @enum {string} */
      kind: "redacted"
      sequence: number
      author: string
    }
    /** @description The mark of an update that changed `count` files; `changes` are the first five. */
    FilesMark: {
      /** Format: date-time */
      at: string
      /** @enum {string} */
      kind: "files"
      sequence: number
      author: string
      count: number
      changes: components["schemas"]["FileChange"][]
    }
    /** @description What happened to a file; `oldName` is its name before a rename, and null if not known. */
    FileChange: {
      /** @enum {string} */
      change: "created" | "renamed" | "deleted" | "restored"
      root: string
      name: string
      oldName: string | null
    }
    /** @description The mark of a run: its position is `sequence`, the code that it ran. */
    RunMark: {
      /** Format: date-time */
      at: string
      /** @enum {string} */
      kind: "run"
      number: number
      outcome: components["schemas"]["Outcome"]
      sequence: number
      author: string
    }
    /** @description The document as it was after the update at a log position. */
    Moment: {
      sessionId: string
      sequence: number
      code: string
      files: {
        [key: string]: string
      }
      names: components["schemas"]["FileName"][]
      documents: {
        [key: string]: components["schemas"]["Document"]
      }
    }
    /**
     * @description The texts at a log position, and the changes of each update after it.
     *
     *     A step is [milliseconds since the previous step, index of the author, edits]. An edit is [index
     *     of the root, position, deleted, inserted], in UTF-16 code units. `others` are the roots that are
     *     not texts, so the steps do not show them. `names` are the files at the log position `from`, and
     *     `renames` are the steps that change names, in order.
     */
    Replay: {
      from: number
      to: number
      /** Format: date-time */
      at: string | null
      files: {
        [key: string]: string
      }
      roots: string[]
      authors: components["schemas"]["Person"][]
      steps: [number, number, [number, number, number, string][]][]
      others: string[]
      names: components["schemas"]["FileName"][]
      renames: components["schemas"]["Renames"][]
      next: string | null
    }
    /**
     * @description The files that changed their names with a step, were deleted, or came back.
     *
     *     `step` is the index of the step.
     */
    Renames: {
      step: number
      names: components["schemas"]["FileName"][]
    }
    /**
     * @description The author of each line and of each run of the present text.
     *
     *     `name` is the name of its file.
     */
    Blame: {
      root: string
      name: string
      sequence: number
      authors: components["schemas"]["Person"][]
      lines: components["schemas"]["BlameLine"][]
      runs: components["schemas"]["BlameRun"][]
    }
    /**
     * @description A line, with the author and time of its newest part; both are null for an empty line.
     *
     *     `carried` has the same meaning as in `BlameRun`.
     */
    BlameLine: {
      line: number
      text: string
      author: string | null
      /** Format: date-time */
      at: string | null
      carried: boolean
    }
    /**
     * @description A part of a text that one user wrote; positions are UTF-16 code units.
     *
     *     `carried` means that the author's client only sent this part. Another user typed it, but that
     *     user's client has not confirmed it.
     */
    BlameRun: {
      start: number
      length: number
      author: string
      /** Format: date-time */
      at: string
      carried: boolean
    }
    /**
     * @description How many characters were removed, and from how many updates, versions, runs and tests.
     *
     *     `characters` does not count characters in runs and tests.
     */
    Redaction: {
      from: number
      to: number
      characters: number
      updates: number
      versions: number
      runs: number
      tests: number
    }
    /** @description Versions, newest first. */
    Versions: {
      versions: components["schemas"]["Version"][]
      next: string | null
    }
    /**
     * @description What this server offers.
     *
     *     `passwordReset` says whether it mails links for forgotten passwords. `remoteRuns` says whether a
     *     service runs programs for it.
     */
    Features: {
      passwordReset: boolean
      remoteRuns: boolean
    }
    /** @description The process is alive. */
    Liveness: {
      /** @enum {string} */
      status: "ok"
      version: string
    }
    /** @description `status` is "ready", or says why the server should get no traffic now. */
    Readiness: {
      status: string
    }
  }
  responses: never
  parameters: never
  requestBodies: never
  headers: never
  pathItems: never
}
export type Problem = components["schemas"]["Problem"]
export type SignedIn = components["schemas"]["SignedIn"]
export type User = components["schemas"]["User"]
export type Confirmation = components["schemas"]["Confirmation"]
export type Usage = components["schemas"]["Usage"]
export type PasswordChanged = components["schemas"]["PasswordChanged"]
export type Logins = components["schemas"]["Logins"]
export type Login = components["schemas"]["Login"]
export type Avatar = components["schemas"]["Avatar"]
export type GuestSignedIn = components["schemas"]["GuestSignedIn"]
export type Role = components["schemas"]["Role"]
export type Session = components["schemas"]["Session"]
export type Access = components["schemas"]["Access"]
export type Runners = components["schemas"]["Runners"]
export type Status = components["schemas"]["Status"]
export type Person = components["schemas"]["Person"]
export type Member = components["schemas"]["Member"]
export type DocumentSize = components["schemas"]["DocumentSize"]
export type Sessions = components["schemas"]["Sessions"]
export type ChangedSession = components["schemas"]["ChangedSession"]
export type Joined = components["schemas"]["Joined"]
export type Compacted = components["schemas"]["Compacted"]
export type MemberRole = components["schemas"]["MemberRole"]
export type NewInvite = components["schemas"]["NewInvite"]
export type Invites = components["schemas"]["Invites"]
export type ListedInvite = components["schemas"]["ListedInvite"]
export type InviteUse = components["schemas"]["InviteUse"]
export type Ticket = components["schemas"]["Ticket"]
export type OneRun = components["schemas"]["OneRun"]
export type Run = components["schemas"]["Run"]
export type Outcome = components["schemas"]["Outcome"]
export type RunTest = components["schemas"]["RunTest"]
export type RemoteRun = components["schemas"]["RemoteRun"]
export type Languages = components["schemas"]["Languages"]
export type Runs = components["schemas"]["Runs"]
export type ProgramTests = components["schemas"]["ProgramTests"]
export type ProgramTest = components["schemas"]["ProgramTest"]
export type Kind = components["schemas"]["Kind"]
export type OneProgramTest = components["schemas"]["OneProgramTest"]
export type LinkPreview = components["schemas"]["LinkPreview"]
export type PreviewSession = components["schemas"]["PreviewSession"]
export type Preview = components["schemas"]["Preview"]
export type Message = components["schemas"]["Message"]
export type Messages = components["schemas"]["Messages"]
export type Unread = components["schemas"]["Unread"]
export type Version = components["schemas"]["Version"]
export type VersionKind = components["schemas"]["VersionKind"]
export type Author = components["schemas"]["Author"]
export type FileName = components["schemas"]["FileName"]
export type Document = components["schemas"]["Document"]
export type RootType = components["schemas"]["RootType"]
export type LeftOut = components["schemas"]["LeftOut"]
export type LiveDocument = components["schemas"]["LiveDocument"]
export type Files = components["schemas"]["Files"]
export type File = components["schemas"]["File"]
export type Restored = components["schemas"]["Restored"]
export type Root = components["schemas"]["Root"]
export type Difference = components["schemas"]["Difference"]
export type FileDifference = components["schemas"]["FileDifference"]
export type Hunk = components["schemas"]["Hunk"]
export type HunkLine = components["schemas"]["HunkLine"]
export type Renamed = components["schemas"]["Renamed"]
export type Timeline = components["schemas"]["Timeline"]
export type TimelineAuthor = components["schemas"]["TimelineAuthor"]
export type TimelineEntry = components["schemas"]["TimelineEntry"]
export type VersionMark = components["schemas"]["VersionMark"]
export type ChatMark = components["schemas"]["ChatMark"]
export type RedactionMark = components["schemas"]["RedactionMark"]
export type FilesMark = components["schemas"]["FilesMark"]
export type FileChange = components["schemas"]["FileChange"]
export type RunMark = components["schemas"]["RunMark"]
export type Moment = components["schemas"]["Moment"]
export type Replay = components["schemas"]["Replay"]
export type Renames = components["schemas"]["Renames"]
export type Blame = components["schemas"]["Blame"]
export type BlameLine = components["schemas"]["BlameLine"]
export type BlameRun = components["schemas"]["BlameRun"]
export type Redaction = components["schemas"]["Redaction"]
export type Versions = components["schemas"]["Versions"]
export type Features = components["schemas"]["Features"]
export type Liveness = components["schemas"]["Liveness"]
export type Readiness = components["schemas"]["Readiness"]
export type $defs = Record<string, never>
export type operations = Record<string, never>

// What the app calls some of them.

export type Me = User
/** An invite of the list, or the new one with its secret. */
export type Invite = Omit<ListedInvite, "createdBy" | "usedBy"> & Partial<NewInvite>

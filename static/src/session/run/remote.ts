// Runs programs in languages that no browser runs, by a service that the server may know.
import { ApiError, get, post } from "../../api"
import { languageName } from "../../lib/languages"
import type { Languages, RemoteRun } from "../../types"
import { browserLanguages } from "./languages"
import type { Task } from "./task"

const NOT_FOUND = 404

/** The service's names for languages for which the app has another id. */
const CALLED: Readonly<Record<string, string>> = { shell: "bash" }

const called = (language: string) => CALLED[language] ?? language

/** The service that the session's server knows, if it knows one. */
export class RemoteRunner {
  private languages: ReadonlySet<string> | null = null

  constructor(private readonly sessionId: string) {}

  private get path(): string {
    return `/session/${this.sessionId}/runs/remote`
  }

  /** Why the service cannot run a program in this language; "" if it can. */
  async whyNot(language: string): Promise<string> {
    const name = languageName(language)
    const here = `${name} does not run in a browser. These do: ${browserLanguages()}.`
    try {
      this.languages ??= new Set((await get<Languages>(this.path)).languages)
    } catch (error) {
      if (error instanceof ApiError && error.status === NOT_FOUND)
        return `${here} The operator of this server can add other languages by a service that runs programs (COLLAB_RUNNER_URL).`
      return `${here} This server knows a service for other languages, but the service does not answer. Try again later.`
    }
    if (this.languages.has(called(language))) return ""
    return `${here} The service that this server uses for other languages does not run ${name} either. The operator of the server can install it there.`
  }

  /**
   * Let the service run a file. It gets the texts that the server has now, or those of an earlier
   * run.
   */
  run({ root, language, stdin, again }: Task, signal: AbortSignal): Promise<RemoteRun> {
    const earlier = again ? { sequence: again.sequence } : {}
    const body = { root, language: called(language), stdin, ...earlier }
    return post<RemoteRun>(this.path, body, signal)
  }
}

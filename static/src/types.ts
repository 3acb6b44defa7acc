// What the server answers (docs/api.md).

export type Role = "owner" | "editor" | "viewer"

export interface Person {
  id: string
  username: string
  avatar: string | null
  guest?: boolean
}

export interface Me extends Person {
  email: string
  fullname: string
  guest: boolean
  guestOf?: string
}

export interface Member extends Person {
  role: Role
  online: boolean
  joinedAt: string
}

export interface Session {
  id: string
  title: string
  language: string
  access: "link" | "invite"
  joinRole: "editor" | "viewer"
  status: "open" | "ended"
  role: Role
  owner: Person
  members: Member[]
  memberCount: number
  onlineCount: number
  unread: number
  lastActivityAt: string
}

export interface Message {
  id: string
  sequence: number
  sender: Person
  message: string
  timestamp: string
}

export interface Version {
  version: number
  label: string
  kind: "manual" | "auto" | "restore" | "final"
  author: { id: string; username: string }
  sequence: number
  createdAt: string
  code?: string
  files?: Record<string, string>
}

export interface Invite {
  id: string
  role: "editor" | "viewer"
  expiresAt: string
  maxUses: number | null
  uses: number
  usable: boolean
  url?: string
  invite?: string
}

export interface Preview {
  session: { id: string; title: string; language: string; status: string }
  role: "editor" | "viewer"
  invitedBy: Person
  expiresAt: string
}

export interface Blame {
  root: string
  sequence: number
  authors: Person[]
  runs: { start: number; length: number; author: string; at: string }[]
  lines: { line: number; text: string; author: string | null; at: string | null }[]
}

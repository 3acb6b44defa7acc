// Made by `make format` from handlers/close_codes.py: edit there.

/**
 * The codes with which the server closes a connection under /sync. docs/api.md says what each
 * means.
 */
export const CLOSE_CODE = {
  malformed: 4400,
  notSignedIn: 4401,
  noAccess: 4403,
  notFound: 4404,
  conflict: 4409,
  sessionDeleted: 4410,
  tooLarge: 4413,
  outOfService: 4500,
  unavailable: 4503,
  tooMany: 4529,
  protocolError: 1002,
  notUtf8: 1007,
  tooFast: 1008,
  tooBig: 1009,
  internal: 1011,
  restart: 1012,
  tryLater: 1013,
} as const

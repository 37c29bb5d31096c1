/** The five ways in which a call can fail for the page, each with a sentence and an action of its own. */
export type ClientErrorKind = 'NetworkError' | 'Unauthorized' | 'ServerError' | 'InvalidResponse' | 'RateLimited'

export interface Problem {
  pointer: string
  message: string
}

export class ClientError extends Error {
  constructor(
    readonly kind: ClientErrorKind,
    readonly requestId = '',
  ) {
    super(kind)
  }
}

/** The host understood the request and refused it: its own words are shown. */
export class ApiError extends Error {
  constructor(
    readonly name: string,
    message: string,
    readonly status: number,
    readonly details: Problem[],
  ) {
    super(message)
  }
}

export const isMissing = (error: unknown): boolean => error instanceof ApiError && error.status === 404

/** Under which names answers of the host are kept. To renew one renews all that begin like it. */
export const keys = {
  users: ['users'],
  invitations: ['invitations'],
  tokens: ['tokens'],
  modulePages: ['module-pages'],
  system: ['system'],
  status: ['status'],
  agents: ['agents'],
  registrationTokens: ['registration-tokens'],
  policies: ['policies'],
  policyDefaults: ['policy-defaults'],
  preview: ['preview'],
  targets: ['targets'],
  repositories: ['repositories'],
  runs: ['runs'],
  tasks: ['tasks'],
  compliance: ['compliance'],
} as const
